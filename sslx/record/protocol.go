package record

import (
	"regexp"
	"strings"
)

// Protocol is the pinned name of how a number was measured. Its text is "family/details@layer", for example
// "knn/cosine/k20/t0.07@encoder"; a protocol without details is "rankme@encoder". Protocols are comparable, and their
// text is what records hold.
type Protocol struct {
	Family  string // kind of measurement: knn, linear, mlp, …
	Details string // everything that can change the number, parts separated by slashes; may be empty
	Layer   string // what was measured: LayerEncoder, LayerPixels, a layer of the projector; may be empty
}

// ParseProtocol reads the text of a protocol. Every text is one: what has no layer and no details is all family, and
// String returns the text again.
func ParseProtocol(text string) (p Protocol) {
	if at := strings.LastIndex(text, "@"); at > 0 && at < len(text)-1 {
		text, p.Layer = text[:at], text[at+1:]
	}

	p.Family = text
	if at := strings.Index(text, "/"); at > 0 && at < len(text)-1 {
		p.Family, p.Details = text[:at], text[at+1:]
	}
	return p
}

// String returns the text of the protocol.
func (p Protocol) String() string {
	text := p.Family
	if p.Details != "" {
		text += "/" + p.Details
	}
	if p.Layer != "" {
		text += "@" + p.Layer
	}
	return text
}

// fixedSteps are the details of a fine-tuning of a fixed number of steps, such as adamw/b32/s400.
var fixedSteps = regexp.MustCompile(`/s\d+$`)

// Name returns the name by which an evaluation asks for the protocol: the family, but "linear-sgd" for linear/sgd/…,
// "few-shot" for fewshot/…, "fine-tune-short" for fine-tunings of a fixed number of steps, and "label-free" for the
// measures that need no labels.
func (p Protocol) Name() string {
	switch p.Family {
	case "linear":
		if p.Details == "sgd" || strings.HasPrefix(p.Details, "sgd/") {
			return "linear-sgd"
		}
	case "fine-tune":
		if fixedSteps.MatchString(p.Details) {
			return "fine-tune-short"
		}
	case "fewshot":
		return "few-shot"
	case MetricRankMe, MetricAlphaReQ, MetricLiDAR, MetricAlignment, MetricUniformity, MetricStd:
		return "label-free"
	}
	return p.Family
}

// WithoutLayer returns the protocol without its layer, which is what results of different layers have in common.
func (p Protocol) WithoutLayer() Protocol {
	p.Layer = ""
	return p
}

// Short returns the text without the layer where it is the usual one: the encoder's output, or pixels.
func (p Protocol) Short() string {
	if p.Layer == LayerEncoder || strings.HasPrefix(p.Layer, LayerPixels) {
		p.Layer = ""
	}
	return p.String()
}

// MarshalText returns the text of the protocol.
func (p Protocol) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads the text of a protocol, as ParseProtocol does.
func (p *Protocol) UnmarshalText(text []byte) error {
	*p = ParseProtocol(string(text))
	return nil
}
