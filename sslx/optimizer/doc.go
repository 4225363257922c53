// Package optimizer updates variables from gradients, and holds the learning-rate schedule that goes with it.
//
// The rules are [SGD] with momentum, [LARS] and [AdamW]; [Register] adds another. Biases and the scales and offsets of
// batch normalization are left out of weight decay and of LARS's adaptation.
package optimizer
