// Package show is what the notebooks share: figures, tables and the progress of long work as outputs of a GoNB cell,
// and the folders of runs and records. Every cell is a process of its own, so what is kept is on disk.
//
// Outside of a notebook everything is printed as text.
//
// Importing it imports package tuned (sslx/backend/tuned), which makes XLA fast for the whole process.
package show

import _ "github.com/sslx-go/lab/sslx/backend/tuned" // every cell is a process of its own
