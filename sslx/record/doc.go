// Package record keeps what a run did: a folder that describes itself, and results that say how they were made.
//
// A run folder holds
//
//	config.yaml        the whole configuration, defaults included
//	environment.json   machine, versions, revision, data fingerprint, start; those of processes that resumed it
//	metrics.jsonl      one line for each logging step
//	results.jsonl      one line for each evaluation result
//	curves.jsonl       one line for each probe that was trained epoch by epoch
//	confusions.jsonl   one line for each accuracy, with the predictions for each class
//	checkpoint.safetensors
//	views.png          training images next to their views; neighbors.png, map.png: what the encoder finds alike
//	report.html        when one was made
//	events.out.tfevents.…  the log for TensorBoard, when the configuration asks for it
//	.lock              held by the process that writes to the run, which names itself in it
//
// A run folder may come from somebody else. No symbolic link is followed for the lock, only regular files are read, and
// before anything is saved the folder must still be the one that was locked.
package record
