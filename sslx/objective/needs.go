package objective

import (
	"fmt"
	"math"
)

// Needs is what an objective uses besides the embeddings of the views.
type Needs struct {
	// Predictor asks for Predictions: a network after the projector of the trained branch.
	Predictor bool

	// Target asks for Targets: a second encoder and projector that starts as a copy of the trained one and follows
	// it (see [Config.TargetMomentum]).
	Target bool

	// Queue asks for that many normalised target embeddings of earlier batches (see [Normalize]). The keys of a batch
	// enter it after the loss, in place of the oldest.
	Queue int

	// Labels asks for the labels of the images, and Logits for a linear classifier of each view's representation.
	Labels, Logits bool

	// Negatives asks for more views.
	Negatives ExtraViews

	// Random asks for uniform draws.
	Random bool
}

// ExtraViews is a request for views that serve as negatives only. They go through the trained branch, with a gradient.
type ExtraViews struct {
	// Kind is "" for none, "patch-same", "crop-same" or "patch-fixed", as in [Config].Negatives.
	Kind string

	// Count is the number of these views for each image; with patch-fixed there is one view, of one image, in all.
	Count int

	// Patch is the side of a patch in pixels, before it is resized to the size of a view.
	Patch int
}

// Needs returns what has to be provided in [Inputs]. The configuration must pass Check.
func (c Config) Needs() Needs {
	c = c.Resolved()
	needs := methods[c.Name].needs
	needs.Queue = c.Queue
	switch c.Negatives {
	case patchSame, cropSame:
		needs.Negatives = ExtraViews{Kind: c.Negatives, Count: c.NegativesK, Patch: c.Patch}
	case patchFixed:
		needs.Negatives = ExtraViews{Kind: c.Negatives, Count: 1, Patch: c.Patch}
	case randomK:
		needs.Random = true
	}
	return needs
}

// TargetMomentum returns the share m that a step leaves of each variable of the target network, which becomes
// m·target + (1-m)·trained; progress is the share of the training that is done, in [0, 1]. For byol it rises from EMA
// to 1 along half a cosine (Grill et al. 2020, https://arxiv.org/abs/2006.07733); for moco it is EMA
// throughout (He et al. 2020, https://arxiv.org/abs/1911.05722, equation 2).
func (c Config) TargetMomentum(progress float64) float64 {
	c = c.Resolved()
	if c.Name != "byol" {
		return c.EMA
	}
	return 1 - (1-c.EMA)*(math.Cos(math.Pi*progress)+1)/2
}

// mustServe panics unless in holds what the resolved configuration needs.
func (in Inputs) mustServe(c Config) {
	needs, views := c.Needs(), len(in.Views)
	if views < 2 {
		panic(fmt.Sprintf("objective: %s got %d views: it needs two or more", c.Name, views))
	}
	if err := c.CheckBatch(in.images()); err != nil {
		panic(err.Error())
	}
	for _, f := range []struct {
		name      string
		got, want int
	}{
		{"Predictions", len(in.Predictions), views * count(needs.Predictor)},
		{"Targets", len(in.Targets), views * count(needs.Target)},
		{"Logits", len(in.Logits), views * count(needs.Logits)},
		{"Negatives", len(in.Negatives), needs.Negatives.Count},
		{"Queue", count(in.Queue != nil), count(needs.Queue > 0)},
		{"Labels", count(in.Labels != nil), count(needs.Labels)},
		{"Random", count(in.Random != nil), count(needs.Random)},
	} {
		if f.got < f.want {
			panic(fmt.Sprintf("objective: %s needs %d of Inputs.%s and got %d", c.Name, f.want, f.name, f.got))
		}
	}
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// images returns the number of images in the batch.
func (in Inputs) images() int { return in.Views[0].Shape().Dimensions[0] }
