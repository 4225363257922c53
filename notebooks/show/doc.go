// Package show is what the notebooks share: figures, tables and the progress of long work as outputs of a GoNB cell, and
// the folders of runs and records. Every cell is a process of its own, so what is kept is on disk.
//
// Outside of a notebook everything is printed as text.
package show
