package augment

import (
	. "github.com/gomlx/gomlx/core/graph"
)

func init() { Register("cutout", Cutout{Side: 16}) }

// Cutout fills a square of Side pixels with Fill. Its center is uniform over the pixels of the image, so that a part of
// it may lie outside (DeVries and Taylor 2017, https://arxiv.org/abs/1708.04552). Parameters: "row" and "column" of the
// center, each [batch, 1] in whole pixels; the square begins Side/2 pixels, rounded down, before it.
type Cutout struct {
	SameSize
	Side int        `yaml:"side"`
	Fill [3]float64 `yaml:"fill"` // color in [0, 1]
}

// Name implements [Operation].
func (Cutout) Name() string { return "cutout" }

// Draw implements [Operation].
func (Cutout) Draw(uniform, _ Source, height, width, _ int) Params {
	position := func(size int) *Node { return Floor(MulScalar(uniform(1), float64(size))) }
	return Params{"row": position(height), "column": position(width)}
}

// Apply implements [Operation].
func (o Cutout) Apply(images *Node, p Params) *Node { return repaint(o, images, p) }

func (o Cutout) paint(x planes, p Params) planes {
	before := float64(-(o.Side / 2))
	side := MulScalar(OnesLike(p["row"]), float64(o.Side))
	return x.fill(AddScalar(p["row"], before), AddScalar(p["column"], before), side, side, o.Fill)
}

// TakesChannels implements [ChannelTaker].
func (o Cutout) TakesChannels(n int) error { return takesFill(o.Fill, n) }

// Check returns an error for the first parameter out of range.
func (o Cutout) Check() error {
	return inRange(append(fillLimits(o.Fill), sideLimit("side", o.Side))...)
}
