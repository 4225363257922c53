// Package own brings an objective, an augmentation, an encoder, an optimizer rule, a data format, an evaluation
// protocol and a claim of its own to sslx. Each file is one of them, and imports nothing internal. A program that
// imports the package knows all seven by their names, in configurations, records and reports: see the command in folder
// cmd.
package own
