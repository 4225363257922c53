package evaluate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute"

	"github.com/sslx-go/lab/internal/registry"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/record"
)

// Protocol is one way to measure what a layer of a model tells about images. The built-in ones are KNN, Linear,
// LinearSGD, MLP, FewShot, FineTune, Patches, Corruptions, Clusters, Retrieval, LabelFree and CKA; Register gives
// another one a name, and with it a place in Options, records, tables and claims.
//
// A protocol never sees the labels of test images: it predicts, and the evaluation counts what is right. So it cannot
// choose a hyper-parameter on test by mistake.
type Protocol interface {
	// Measure measures one layer of one model on the images of one data set. Every task in the input needs an outcome,
	// or a warning that says why there is none.
	Measure(ctx context.Context, in Input) ([]Outcome, error)
}

// Selective is a protocol that does not measure every layer of every model. Protocols without this method measure all
// layers of a network that were asked for, and raw pixels averaged to 16x16.
type Selective interface {
	Measures(m Model, layer string) bool
}

// Unlabeled is a protocol whose Unlabeled method returns true: it needs no labels. On images without labels, nothing
// else is measured.
type Unlabeled interface {
	Unlabeled() bool
}

// Input is what a protocol measures: one layer of one model, on the images of one data set and all of its tasks.
type Input struct {
	Model Model

	// Train and Test are the features, one row an image; Train.Layer names the layer.
	Train, Test probe.Features

	// TrainImages and TestImages are the images themselves, for protocols that train the network further.
	TrainImages, TestImages dataset.Images

	// Tasks are the labels of the training images; none for images without labels, which only protocols that are
	// Unlabeled measure.
	Tasks []Task

	// Fit and Held are the rows of Train to fit on and to choose hyper-parameters on. They depend on the data set
	// alone, not on the tasks, protocols or layers that were asked for.
	Fit, Held []int

	// Others are the networks that were measured before this one on the same images, in the same layer.
	Others []Other

	// Backend computes, and Programs are the compiled programs that package probe shares between calls.
	Backend  compute.Backend
	Programs *probe.Programs

	// Warnf tells the user a sentence.
	Warnf func(format string, args ...any)

	views   func(ctx context.Context) ([]probe.Features, error)
	encode  encodeFunc
	derived func(ctx context.Context, name string, make func() (probe.Features, error)) (probe.Features, error)
}

// encodeFunc returns what the network makes of images.
type encodeFunc func(ctx context.Context, images dataset.Images) (probe.Features, error)

// Layer returns the name of the layer that is measured.
func (in Input) Layer() string { return in.Train.Layer }

// Views returns the features of views of the test images, made as at the end of the training of the run that is
// evaluated, and of the same size: one matrix a view, row i of each from test image i. There are ten views of the first
// 1,000 images, for two views in training. A network is needed: raw pixels have no views.
func (in Input) Views(ctx context.Context) ([]probe.Features, error) { return in.views(ctx) }

// Encode returns the features of other images, such as changed ones, in the layer that is measured. They have the size
// of the training images. A network is needed.
func (in Input) Encode(ctx context.Context, images dataset.Images) (probe.Features, error) {
	return in.encode(ctx, images)
}

// Task is one way to label the images.
type Task struct {
	Name    string // SET/LABEL
	Classes int
	Labels  []int32 // of the training images, in 0..Classes-1

	test  []int32  // of the test images, which protocols do not see
	names []string // of the classes; nil where they have numbers only
}

// Other is another network and what it makes of the first test images.
type Other struct {
	Model Model
	Test  probe.Features // the first 5,000 rows at most
}

// Outcome is one number, or the predictions that give one.
type Outcome struct {
	// Task is the name of a task of the input; "" is the data set as a whole, for measures without labels.
	Task string

	// Protocol pins what can change the number, in Details. Family is the protocol's registered name unless the
	// protocol sets one that its name follows from (see record.Protocol.Name); the layer is filled in.
	Protocol record.Protocol

	// Predicted holds the predicted classes of all test images, for one or more repetitions: the result is their mean
	// accuracy.
	Predicted [][]int32

	// Ranking, if set, has the most likely classes of each test image. The share of images with their label among them
	// is a result of its own for tasks of more than ten classes, where five are ranked.
	Ranking probe.Ranking

	// Curve, if set, is a probe that was trained epoch by epoch: its last epoch is the result, and all go to the run's
	// curves. Predicted is then left out.
	Curve *probe.CurveResult

	// Chosen are the hyper-parameters that were chosen on held-out images.
	Chosen map[string]float64

	// Metric, Value and N are a measure without labels: its name, its value, and the number of images it was taken on.
	Metric string
	Value  float64
	N      int

	// score compares something else than predictions with the labels of the test images.
	score func(test []int32) ([]scored, error)
}

// scored is a measure that labels enter.
type scored struct {
	protocol record.Protocol
	metric   string
	value    float64
	n        int
	parts    map[string]float64
}

// The names of the built-in protocols; docs/protocol.md says what each does.
const (
	ProtocolKNN           = "knn"
	ProtocolLinear        = "linear"
	ProtocolLinearSGD     = "linear-sgd"
	ProtocolMLP           = "mlp"
	ProtocolFewShot       = "few-shot"
	ProtocolFineTune      = "fine-tune"
	ProtocolFineTuneShort = "fine-tune-short"
	ProtocolPatches       = "patches"
	ProtocolCorruptions   = "corruptions"
	ProtocolClusters      = "kmeans"
	ProtocolRetrieval     = "retrieval"
	ProtocolLabelFree     = "label-free"
	ProtocolCKA           = "cka"
)

// AllProtocols is the name that stands for every protocol.
const AllProtocols = "all"

// builtIn lists the built-in protocols in the order of their columns.
var builtIn = []string{ProtocolKNN, ProtocolLinear, ProtocolLinearSGD, ProtocolMLP, ProtocolFewShot, ProtocolFineTune,
	ProtocolFineTuneShort, ProtocolPatches, ProtocolCorruptions, ProtocolClusters, ProtocolRetrieval, ProtocolLabelFree,
	ProtocolCKA}

var protocols = registry.New[Protocol]("protocol")

func init() {
	Register(ProtocolKNN, KNN{})
	Register(ProtocolLinear, Linear{})
	Register(ProtocolLinearSGD, LinearSGD{})
	Register(ProtocolMLP, MLP{})
	Register(ProtocolFewShot, FewShot{})
	Register(ProtocolFineTune, FineTune{})
	Register(ProtocolFineTuneShort, FineTuneShort{fineTuning})
	Register(ProtocolPatches, Patches{})
	Register(ProtocolCorruptions, Corruptions{})
	Register(ProtocolClusters, Clusters{})
	Register(ProtocolRetrieval, Retrieval{})
	Register(ProtocolLabelFree, LabelFree{})
	Register(ProtocolCKA, CKA{})
}

// Register gives a protocol its name. The protocol is a struct value whose fields are its parameters. Register panics
// when the name is taken, is "all", or has a character that the text of a protocol gives a meaning (/ and @).
func Register(name string, p Protocol) {
	if name == AllProtocols || strings.ContainsAny(name, "/@, ") {
		panic(fmt.Sprintf("protocol %q cannot have this name: choose a word without / and @", name))
	}
	protocols.Register(name, p)
}

// Names returns the names of all protocols: the built-in ones in the order of their columns, then the others.
func Names() []string {
	others := slices.DeleteFunc(protocols.Names(), func(name string) bool { return slices.Contains(builtIn, name) })
	return append(slices.Clone(builtIn), others...)
}

// Named returns the protocol of a name, or a usage error that suggests the nearest one.
func Named(name string) (Protocol, error) { return protocols.Named(name) }

// named is a protocol with its name.
type named struct {
	Protocol
	name string
}

// protocolsNamed returns the protocols of the given names in the order of Names; none means kNN and the linear probe.
func protocolsNamed(names []string) (found []named, err error) {
	if len(names) == 0 {
		names = []string{ProtocolKNN, ProtocolLinear}
	}
	for _, name := range names {
		if name != AllProtocols && !slices.Contains(Names(), name) {
			return nil, usage.Unknown("protocol", name, append(Names(), AllProtocols))
		}
	}

	// The order of columns, whatever the order of the request.
	for _, name := range Names() {
		if !slices.Contains(names, name) && !slices.Contains(names, AllProtocols) {
			continue
		}
		p, err := Named(name)
		if err != nil {
			return nil, err
		}
		found = append(found, named{p, name})
	}
	return found, nil
}

// measures reports whether the protocol measures a layer of a model.
func (p named) measures(m Model, layer string) bool {
	if s, ok := p.Protocol.(Selective); ok {
		return s.Measures(m, layer)
	}
	return m.Network != nil || layer == LayerPooled
}

// unlabeled reports whether the protocol needs no labels.
func (p named) unlabeled() bool {
	u, ok := p.Protocol.(Unlabeled)
	return ok && u.Unlabeled()
}

// pinned returns the protocol of an outcome, complete: with its layer, with how images were held out, and of a family
// that leads back to the name that the protocol is asked for by.
func (p named) pinned(o Outcome, layer, cut string) record.Protocol {
	o.Protocol.Layer = layer
	if cut != "" {
		o.Protocol.Details = strings.TrimPrefix(o.Protocol.Details+cut, "/")
	}

	// Records must lead back to the name: a claim asks whether a protocol was measured by it.
	if o.Protocol.Name() != p.name {
		o.Protocol.Family = p.name
	}
	return o.Protocol
}
