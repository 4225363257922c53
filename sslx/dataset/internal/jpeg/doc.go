// Package jpeg decodes JPEG files as libjpeg does, bit for bit where libjpeg decodes them: the inverse cosine transform
// in integers, interpolated chroma, and the conversion of colors follow its default settings. It reads baseline,
// extended and progressive files of 8 bits with 1, 3 or 4 components in any sampling: gray, YCbCr, RGB, CMYK and YCCK.
// It decodes at 1/2, 1/4 or 1/8 of the size for less work: each pixel is then the mean of a square.
//
// The standard library's image/jpeg repeats chroma instead of interpolating it (up to 87 levels off at colored edges),
// refuses unusual sampling and CMYK without Adobe's marker, and always decodes at full size.
//
// Sources: ITU-T T.81 (the format); Loeffler, Ligtenberg and Moschytz, "Practical fast 1-D DCT algorithms with 11
// multiplications", 1989 (the transform).
package jpeg
