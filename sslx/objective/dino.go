package objective

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/usage"
)

func init() {
	Register("dino", DINO{Temperature: 0.1, TeacherTemperature: 0.04, CenterMomentum: 0.9, Prototypes: 1024, EMA: 0.996,
		TeacherViews: 2})
}

// DINO is self-distillation without labels (Caron et al. 2021, https://arxiv.org/abs/2104.14294, equations 1 to 4 and
// algorithm 1): the trained network predicts from each view what its target, the teacher, sees in another one,
//
//	mean over images, views v of the teacher, and other views w, of
//	-Σ_k softmax((t(v) - c)/TeacherTemperature)_k · log softmax(s(w)/τ)_k
//
// where s and t are the cosines of the networks' embeddings with their prototypes, and c, the center, is a moving
// average of t over images and views. The teacher gets no gradient. A teacher that tells nothing gives
// ln(Prototypes). Cost: 4·V·N·Prototypes·dim operations and memory for 4·V·N·Prototypes numbers.
type DINO struct {
	// Temperature is τ, the student's; positive. Its default is 0.1.
	Temperature float64 `yaml:"temperature"`

	// TeacherTemperature sharpens the teacher; positive, and below Temperature. Its default is 0.04.
	TeacherTemperature float64 `yaml:"teacher_temperature"`

	// CenterMomentum is the share of the center that a step keeps, in (0, 1). Its default is 0.9.
	CenterMomentum float64 `yaml:"center_momentum"`

	// Prototypes is the width of the last layer; positive. Its default is 1024; the authors take 65,536 for ImageNet.
	Prototypes int `yaml:"prototypes"`

	// EMA is the share of the teacher that the first step keeps, in (0, 1). Its default is 0.996. From there it rises
	// to 1 along half a cosine over the training.
	EMA float64 `yaml:"ema"`

	// TeacherViews is the number of views, from the first one on, that the teacher sees; 0 is all. Its default is 2,
	// the large crops of the authors.
	TeacherViews int `yaml:"teacher_views"`
}

// center is the name of the state.
const center = "center"

// Needs asks for a target network, prototypes and the center.
func (d DINO) Needs() Needs {
	return Needs{Target: true, TargetMomentum: rising(d.EMA), TargetViews: d.TeacherViews, Prototypes: d.Prototypes,
		State: map[string]int{center: d.Prototypes}}
}

// Check returns an error of package usage when a parameter is out of range.
func (d DINO) Check() error {
	err := checkPositive(parameter{"temperature", d.Temperature},
		parameter{"teacher_temperature", d.TeacherTemperature}, parameter{"center_momentum", d.CenterMomentum},
		parameter{"prototypes", float64(d.Prototypes)})
	switch {
	case err != nil:
		return err
	case d.CenterMomentum >= 1:
		return usage.Errorf("objective.center_momentum is %g: it must be below 1, or the center would never move",
			d.CenterMomentum)
	}
	if err := checkViews("teacher_views", d.TeacherViews); err != nil {
		return err
	}
	return checkEMA(d.EMA)
}

// Loss builds the loss of a batch.
func (d DINO) Loss(in Inputs) Terms {
	prototypes := normalized(in.Prototypes) // [K, dim]
	wanted := normalized(StopGradient(in.TargetPrototypes))
	kept := StopGradient(in.State[center]) // [K]

	logits := make([]*Node, len(in.Views)) // of the student, each [N, K]
	for w, z := range in.Views {
		logits[w] = Mul(cosineMatrix(normalized(z), prototypes), in.inverse(d.Temperature))
	}

	var losses, seen []*Node
	for v, z := range in.Targets {
		scores := cosineMatrix(normalized(StopGradient(z)), wanted) // [N, K]
		teacher := Softmax(DivScalar(Sub(scores, Reshape(kept, 1, -1)), d.TeacherTemperature), 1)
		for w := range logits {
			if v != w {
				losses = append(losses, crossEntropy(teacher, logits[w]))
			}
		}
		seen = append(seen, ReduceMean(scores, 0)) // [K]
	}

	// The center follows the scores from which it has not been subtracted (Caron et al. 2021, equation 4).
	moved := Add(MulScalar(kept, d.CenterMomentum), MulScalar(average(seen), 1-d.CenterMomentum))
	return Terms{
		Loss:   mean(losses),
		Chance: math.Log(float64(prototypes.Shape().Dimensions[0])),
		State:  map[string]*Node{center: moved},
	}
}
