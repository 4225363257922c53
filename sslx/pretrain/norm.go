package pretrain

import (
	"slices"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder"
)

// Values of Config.Norm.
const (
	NormMethod  = "method"   // what the method's official code does: joint or per-view, see objective.Needs
	NormJoint   = "joint"    // all views of one size together
	NormPerView = "per-view" // each view by itself
	NormGroup   = "group"    // group normalization: each image by itself, in training and evaluation
)

// Values of Config.NegativesNorm, besides NormJoint.
const NormOwn = "own" // statistics of their own, which leave the running ones as they are

// checkNorm returns an error of package usage when a value is unknown.
func (c Config) checkNorm() error {
	norms := []string{NormMethod, NormJoint, NormPerView, NormGroup}
	if c.Norm != "" && !slices.Contains(norms, c.Norm) {
		return usage.Unknown("norm", c.Norm, norms)
	}
	own := []string{NormOwn, NormJoint}
	if c.NegativesNorm != "" && !slices.Contains(own, c.NegativesNorm) {
		return usage.Unknown("negatives_norm", c.NegativesNorm, own)
	}
	return nil
}

// resolvedNorm returns the configuration with what its method's norm is.
func (c Config) resolvedNorm() Config {
	if c.Objective == nil {
		return c
	}

	needs := c.Objective.Needs()
	switch {
	case c.Norm == "" || c.Norm == NormMethod && !needs.NormPerView:
		c.Norm = NormJoint
	case c.Norm == NormMethod:
		c.Norm = NormPerView
	}

	// It is written where it decides something.
	switch {
	case needs.Negatives.Count == 0 || c.Norm == NormGroup:
		c.NegativesNorm = ""
	case c.NegativesNorm == "":
		c.NegativesNorm = NormJoint
	}
	return c
}

// negativesApart reports whether the views that are negatives only are normalized apart from the others.
func (c Config) negativesApart() bool {
	return c.resolvedNorm().NegativesNorm == NormOwn
}

// norm returns how a batch of some views of so many images is normalized.
func (c Config) norm(views, images int) encoder.Norm {
	switch c.resolvedNorm().Norm {
	case NormGroup:
		return encoder.Norm{Group: true}
	case NormPerView:
		return encoder.Norm{Views: views, Splits: splits(images, c.Objective.Needs().NormPart)}
	}
	return encoder.Norm{}
}

// splits returns the largest number of parts of one length that leave so many images in each, or more; 0 images leave
// the view whole.
func splits(images, least int) int {
	if least == 0 {
		return 1
	}
	for n := images / least; n > 1; n-- {
		if images%n == 0 {
			return n
		}
	}
	return 1
}
