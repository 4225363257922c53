// Package pixels decodes image files of many formats to 8-bit RGB, the same way for the command and the library: JPEG,
// PNG, WebP, GIF, BMP, TIFF, HEIC and AVIF. The format is told by the first bytes of a file, never by its name.
//
// Hostile files cost little: [Measure] reads the head of a file and says how much memory decoding takes, before any of
// it is taken, and [Decode] ends soon after its context. No decoder needs cgo.
package pixels
