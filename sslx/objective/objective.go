package objective

import (
	"maps"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
)

// Config names an objective and its parameters. A parameter of 0 (or "") takes the method's own value; one that the
// method does not use must be left at that. docs/methods has a page for each method.
type Config struct {
	// Name is one of [Names]: "barlow", "byol", "dcl", "dclw", "moco", "simclr", "simsiam", "supcon", "supervised" or
	// "vicreg".
	Name string `yaml:"name" json:"name"`

	// Temperature divides the similarities of a contrastive loss; positive.
	Temperature float64 `yaml:"temperature,omitempty" json:"temperature,omitempty"`

	// Negatives says what the denominator of simclr, dcl and dclw holds beside the positive: "batch" (every view of
	// every other image), "random-k" (of some other images), "patch-same" (patches of the same image, resized),
	// "crop-same" (other crops of the same image) or "patch-fixed" (one patch of one image, the same for all).
	Negatives string `yaml:"negatives,omitempty" json:"negatives,omitempty"`

	// NegativesK is the number of other images (random-k), of patches (patch-same) or of crops (crop-same).
	NegativesK int `yaml:"negatives_k,omitempty" json:"negatives_k,omitempty"`

	// Patch is the side of a patch in pixels (patch-same, patch-fixed).
	Patch int `yaml:"patch,omitempty" json:"patch,omitempty"`

	// Sigma is the temperature of dclw's weights; positive.
	Sigma float64 `yaml:"sigma,omitempty" json:"sigma,omitempty"`

	// Similarity, Variance and Covariance are the weights of vicreg's terms; positive.
	Similarity float64 `yaml:"similarity,omitempty" json:"similarity,omitempty"`
	Variance   float64 `yaml:"variance,omitempty" json:"variance,omitempty"`
	Covariance float64 `yaml:"covariance,omitempty" json:"covariance,omitempty"`

	// Lambda is the weight of the off-diagonal term of barlow, and Scale that of its whole loss; positive.
	Lambda float64 `yaml:"lambda,omitempty" json:"lambda,omitempty"`
	Scale  float64 `yaml:"scale,omitempty" json:"scale,omitempty"`

	// EMA is the share of the target network that a step keeps (byol: at the first step), in (0, 1); see
	// [Config.TargetMomentum].
	EMA float64 `yaml:"ema,omitempty" json:"ema,omitempty"`

	// Queue is the number of embeddings of earlier batches that moco takes for negatives; positive.
	Queue int `yaml:"queue,omitempty" json:"queue,omitempty"`
}

// Inputs is what an objective may use of a batch of N images. Only what [Config.Needs] asks for is set, besides Views.
type Inputs struct {
	Views       []*Node           // embeddings of each view, [N, dim]; two or more
	Predictions []*Node           // the predictor's output for each view, [N, dim]
	Targets     []*Node           // embeddings of each view by the target network, [N, dim]; they get no gradient
	Queue       *Node             // [Needs.Queue, dim], normalised target embeddings of earlier batches; no gradient
	Negatives   []*Node           // embeddings of Needs.Negatives, each [N, dim], or [1, dim] for patch-fixed
	Labels      *Node             // int32 [N]
	Logits      []*Node           // the classifier's output for each view, [N, classes]
	Random      func(n int) *Node // makes uniform float32 [N, n] in [0, 1), another for each step

	sharpness *Node // 1/temperature; nil, but in tests that compile one program for all temperatures
}

// Terms is a loss and what it is made of, all scalars.
type Terms struct {
	Loss *Node

	// Parts are the named terms that add up to the loss; none where there is but one.
	Parts map[string]*Node

	// Chance is the value of the loss when the embeddings tell nothing: training that stays there learns nothing.
	// 0 means that no such value is known.
	Chance float64
}

// method is what the registry holds of an objective.
type method struct {
	own   Config // its own parameters; one that is zero here is none of the method's
	needs Needs  // what does not depend on parameters
	least int    // fewest images in a batch, 0 for 1
	loss  func(c Config, in Inputs) Terms
}

var methods = map[string]method{
	"simclr":     {own: Config{Temperature: 0.5, Negatives: batchNegatives}, loss: simCLR},
	"dcl":        {own: Config{Temperature: 0.1, Negatives: batchNegatives}, loss: dcl},
	"dclw":       {own: Config{Temperature: 0.1, Sigma: 0.5, Negatives: batchNegatives}, loss: dclw},
	"supcon":     {own: Config{Temperature: 0.1}, needs: Needs{Labels: true}, loss: supCon},
	"vicreg":     {own: Config{Similarity: 25, Variance: 25, Covariance: 1}, least: 2, loss: vicReg},
	"barlow":     {own: Config{Lambda: 0.0051, Scale: 1}, least: 2, loss: barlow},
	"byol":       {own: Config{EMA: 0.996}, needs: Needs{Predictor: true, Target: true}, loss: byol},
	"simsiam":    {needs: Needs{Predictor: true}, loss: simSiam},
	"moco":       {own: Config{Temperature: 0.2, EMA: 0.99, Queue: 4096}, needs: Needs{Target: true}, loss: moco},
	"supervised": {needs: Needs{Labels: true, Logits: true}, loss: supervised},
}

// Names returns the known objectives, sorted.
func Names() []string { return slices.Sorted(maps.Keys(methods)) }

// Loss builds the loss of a batch. The configuration must pass Check; Loss panics when in lacks what Needs asks for,
// or when the batch is too small (see [Config.CheckBatch]).
func (c Config) Loss(in Inputs) Terms {
	c = c.Resolved()
	in.mustServe(c)
	return methods[c.Name].loss(c, in)
}
