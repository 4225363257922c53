package record

import "slices"

// Models of results that were not trained, the baselines of every comparison, and the one that was trained with labels,
// their ceiling. Every other model is named by its training method.
const (
	ModelPixels      = "pixels"       // the raw pixels
	ModelUntrained   = "untrained"    // the encoder at initialization
	ModelUntrainedBN = "untrained-bn" // the same, with running statistics of the data in its batch normalization
	ModelSupervised  = "supervised"   // trained with the labels
)

// Baselines returns the models that were not trained, in the order of their columns.
func Baselines() []string { return []string{ModelPixels, ModelUntrained, ModelUntrainedBN} }

// IsBaseline reports whether a model was not trained.
func IsBaseline(model string) bool { return slices.Contains(Baselines(), model) }

// IsUntrained reports whether a model is the encoder at initialization, with whatever running statistics.
func IsUntrained(model string) bool { return model == ModelUntrained || model == ModelUntrainedBN }

// Layers that results are measured on; a projector's are named projector0, projector1, …
const (
	LayerEncoder = "encoder" // the encoder's output, the representation
	LayerPixels  = "pixels"  // raw pixels; averaged ones have their size behind it: pixels16x16
)

// Splits that results are measured on.
const (
	SplitTrain      = "train"
	SplitValidation = "validation" // cut out of train
	SplitTest       = "test"
)

// Metrics of results.
const (
	MetricAccuracy   = "accuracy"          // in [0, 1], as are the four after it
	MetricBalanced   = "balanced_accuracy" // mean over classes of the share that is right
	MetricTop5       = "top5_accuracy"     // the label is among the five most likely classes
	MetricCorrupted  = "corrupted_accuracy"
	MetricRetrieval  = "map" // mean average precision of retrieval
	MetricNMI        = "nmi" // normalized mutual information of clusters and labels, in [0, 1]
	MetricARI        = "ari" // adjusted Rand index of clusters and labels
	MetricRankMe     = "rankme"
	MetricAlphaReQ   = "alpha-req"
	MetricLiDAR      = "lidar"
	MetricAlignment  = "alignment"
	MetricUniformity = "uniformity"
	MetricStd        = "std" // mean standard deviation of a dimension
	MetricCKA        = "cka"
)

// IsAccuracy reports whether a metric is a share of images that are right, which is shown in percent.
func IsAccuracy(metric string) bool {
	return slices.Contains([]string{MetricAccuracy, MetricBalanced, MetricTop5, MetricCorrupted}, metric)
}

// Result is one number of an evaluation and what is needed to read it. The JSON keys are a stable contract.
type Result struct {
	// Model is one of Baselines, the name of the training method, or the name of a file of weights.
	Model string `json:"model"`

	// Task names the data set and the label, for example cifar10/class.
	Task string `json:"task"`

	// Protocol is the pinned protocol, for example knn/cosine/k20/t0.07@encoder.
	Protocol Protocol `json:"protocol"`

	// Layer is what was evaluated: LayerEncoder, LayerPixels, a layer of the projector.
	Layer string `json:"layer"`

	// Split is where Value was measured; test is read once.
	Split string `json:"split"`

	// Metric names Value: MetricAccuracy is in [0, 1].
	Metric string  `json:"metric"`
	Value  float64 `json:"value"`

	// Chance is the accuracy of guessing among the classes of the task: 1 over their number, and five times that for
	// MetricTop5. It is 0 where Value is no accuracy, and in results of earlier versions.
	Chance float64 `json:"chance,omitempty"`

	// N is the number of images that Value was measured on.
	N int `json:"n"`

	// Seed is the seed of the run.
	Seed uint64 `json:"seed"`

	// Run is the name of the run's folder, or of a file of weights.
	Run string `json:"run"`

	// Weights is the fingerprint of a file of weights, the SHA-256 of its content; "" for what a run has trained.
	Weights string `json:"weights,omitempty"`

	// Data is the fingerprint of the data set that Value was measured on; results of earlier versions have none.
	Data string `json:"data,omitempty"`

	// Chosen are the hyper-parameters that were chosen on validation images.
	Chosen map[string]float64 `json:"chosen,omitempty"`

	// Parts are the numbers that Value is the mean of, where they tell something, such as the accuracy by the severity
	// of a corruption.
	Parts map[string]float64 `json:"parts,omitempty"`
}

// Confusion counts what a model predicted for the test images of each class.
type Confusion struct {
	Model    string   `json:"model"`
	Task     string   `json:"task"`
	Protocol Protocol `json:"protocol"`
	Layer    string   `json:"layer"`
	Split    string   `json:"split"`
	Seed     uint64   `json:"seed"`
	Run      string   `json:"run"`
	Data     string   `json:"data"`

	// Classes are the names of the classes. Counts has a row for each, with the number of its images that were
	// predicted to be of each class.
	Classes []string `json:"classes"`
	Counts  [][]int  `json:"counts"`
}

// Curve is how a probe went, epoch by epoch. Nothing is chosen by it; the result of the probe is taken at its last
// epoch.
type Curve struct {
	Model    string   `json:"model"`
	Task     string   `json:"task"`
	Protocol Protocol `json:"protocol"`
	Layer    string   `json:"layer"`
	Seed     uint64   `json:"seed"`
	Run      string   `json:"run"`

	// Train and Test are the accuracies after each epoch, in [0, 1].
	Train []float64 `json:"train"`
	Test  []float64 `json:"test"`
}

// Metrics is one line of a run's training log. Means are over the steps since the line before.
type Metrics struct {
	Step    int     `json:"step"`    // steps done
	Epoch   float64 `json:"epoch"`   // epochs done
	Images  int64   `json:"images"`  // images seen, each once for all its views
	Seconds float64 `json:"seconds"` // training time so far, without compilation
	LR      float64 `json:"lr"`      // learning rate of the last step
	Loss    float64 `json:"loss"`    // mean loss
	Chance  float64 `json:"chance"`  // loss of embeddings that tell nothing, 0 when it is not known

	// Waited is how many seconds the steps since the start or the last resume have waited for streamed images.
	Waited float64 `json:"waited,omitempty"`

	// Parts are the means of the terms of the loss.
	Parts map[string]float64 `json:"parts,omitempty"`

	// Spread is the mean over dimensions of the standard deviation of the normalized embeddings, times √dim: 1 when
	// they fill the sphere, 0 when they have collapsed.
	Spread float64 `json:"spread"`

	// Rank is the effective rank of the embeddings of a batch: the participation ratio of the eigenvalues of their
	// covariance, 1 when they lie on a line.
	Rank float64 `json:"rank,omitempty"`

	// ProbeAccuracy is the mean accuracy of the online linear probe on the training views; absent without a probe.
	ProbeAccuracy *float64 `json:"probe_accuracy,omitempty"`

	// KNNAccuracy is the mean accuracy of the online kNN on the training views; absent without a probe.
	KNNAccuracy *float64 `json:"knn_accuracy,omitempty"`

	// ProbeLayers are the accuracies of the probes on the layers of the projector, by the layer's name.
	ProbeLayers map[string]float64 `json:"probe_layers,omitempty"`
}
