// Package plots turns records into what people read: figures (PNG and SVG), image sheets, tables, and a self-contained
// HTML report of one run.
//
// Nothing is measured here: every number comes from records or from what the caller computed of them (HeatMap, Forest,
// SeriesPlot), so a figure can be drawn again from run folders alone. All figures share one theme: the colours of Okabe
// and Ito, which stay apart under colour-blindness and in grey print, on a white panel that is readable on a light or a
// dark page.
package plots
