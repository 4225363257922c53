// Package plots draws figures (PNG and SVG) and sheets of images from values. It knows no record, run or claim: package
// report makes the values from records.
//
// A figure is a value with a method Figure: BarChart, Training, HeatMap, Forest, SeriesPlot; LearningCurves and
// Spectrum are functions. Each figure has a text, Alt, that says what it shows with its main numbers. All share one
// theme: the colors of Okabe and Ito, which stay apart under color blindness and in gray print, on a white panel that
// is readable on a light or a dark page.
package plots
