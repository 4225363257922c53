package own

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/sslx/augment"
)

// ChannelDrop replaces one color channel, drawn at random, by gray of half brightness, with the given probability.
type ChannelDrop struct {
	augment.SameSize
	Probability float64 `yaml:"probability"` // in [0, 1]
}

func init() { augment.Register("channel-drop", ChannelDrop{Probability: 0.2}) }

// Name keys the random numbers.
func (ChannelDrop) Name() string { return "channel-drop" }

// Draw decides for each image whether a channel is dropped, and which.
func (ChannelDrop) Draw(uniform, _ augment.Source, _, _, _ int) augment.Params {
	return augment.Params{"drop": uniform(1), "channel": uniform(1)} // both [batch, 1], in [0, 1)
}

// Apply changes images [batch, height, width, channels].
func (o ChannelDrop) Apply(images *Node, p augment.Params) *Node {
	g, dims := images.Graph(), images.Shape().Dimensions
	channel := ConvertDType(MulScalar(Squeeze(p["channel"], -1), float64(dims[3])), dtypes.Int32)
	chosen := OneHot(channel, dims[3], images.DType()) // [batch, channels]
	dropped := Where(augment.Applies(p["drop"], o.Probability), chosen, ZerosLike(chosen))
	mask := Reshape(dropped, dims[0], 1, 1, dims[3])
	return Add(Mul(images, OneMinus(mask)), Mul(mask, Scalar(g, images.DType(), 0.5)))
}
