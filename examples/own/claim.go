package own

import (
	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/sslx"
)

func init() {
	experiments.Register(experiments.Claim{
		ID:         "uniformity",
		Belief:     "Aligning the views of an image is what teaches an encoder; uniformity is a detail.",
		Prediction: "A hundredth of the usual weight of uniformity costs nothing.",
		Decision:   "Accuracy with the usual weight minus accuracy with a hundredth of it, paired over seeds.",
		Plan:       plan,
	})
}

func plan(s experiments.Scale) experiments.Plan {
	arm := func(name string, weight float64) experiments.Arm {
		return experiments.NewArm(name, experiments.With(experiments.Base(s), func(c *sslx.Config) {
			c.Objective = AlignUniform{Weight: weight}
		}))
	}
	arms := []experiments.Arm{arm("usual", 1), arm("hundredth", 0.01)}
	return experiments.NewPlan(s, arms, experiments.Comparison{Factor: "uniformity", A: "usual", B: "hundredth"})
}
