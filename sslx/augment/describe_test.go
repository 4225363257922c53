package augment

import "testing"

func TestDescribe_NamesWhatWasApplied(t *testing.T) {
	for _, c := range []struct {
		op    Operation
		drawn Drawn
		want  string
	}{
		{HorizontalFlip{Probability: 0.5}, Drawn{"flipped": 0.4}, "horizontal-flip"},
		{HorizontalFlip{Probability: 0.5}, Drawn{"flipped": 0.5}, ""},
		{ColorJitter{Probability: 0.8}, Drawn{"jittered": 0.1, "hue": -0.05, "contrast": 1.2345},
			"color-jitter contrast\u00a01.23 hue\u00a0-0.05"},
		{ResizedCrop{}, Drawn{"top": 3, "left": 12}, "resized-crop left\u00a012 top\u00a03"},
		{GaussianNoise{}, nil, "gaussian-noise"},
		{Sometimes{Rotation{}, 0.3}, Drawn{"applied": 0.2, "degrees": 7}, "rotation degrees\u00a07"},
		{Sometimes{Rotation{}, 0.3}, Drawn{"applied": 0.3, "degrees": 7}, ""},
	} {
		if got := Describe(c.op, c.drawn); got != c.want {
			t.Errorf("%+v is described as %q, want %q", c.op, got, c.want)
		}
	}
}
