// Package layers holds the tests of rules that no single package can hold: which package imports which, that importing
// a package changes nothing in the process, and that libraries know no command line.
package layers
