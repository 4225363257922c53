// Package optimizer updates variables from gradients: SGD with momentum, LARS and AdamW, with biases and the scales
// and offsets of batch normalisation left out of weight decay and of LARS's adaptation, and the learning-rate
// schedule that goes with them.
package optimizer
