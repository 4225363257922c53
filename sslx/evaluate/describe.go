package evaluate

// Described is a protocol that says in a line what it measures, and what the letters in its name mean, for the reader
// of a table of results. docs/protocol.md has the whole of each built-in one.
type Described interface {
	Describe() string
}

// Describe returns what the protocol of a name measures, in a line; "" where it does not say.
func Describe(name string) string {
	p, err := Named(name)
	if err != nil {
		return ""
	}
	if d, ok := p.(Described); ok {
		return d.Describe()
	}
	return ""
}

// Describe says what the vote is.
func (KNN) Describe() string {
	return "the k nearest training images by cosine similarity vote; nearer ones count more, by the temperature t"
}

// Describe says what is fitted.
func (Linear) Describe() string {
	return "logistic regression on the frozen features, fitted by L-BFGS; its L2 penalty is chosen on held-out " +
		"images of train (by-group: whole groups are held out)"
}

// Describe says what is trained.
func (LinearSGD) Describe() string {
	return "a linear classifier on the frozen features, trained by SGD with batch b for e epochs, as SimCLR measures"
}

// Describe says what is trained.
func (MLP) Describe() string {
	return "a classifier with one hidden layer of width h on the frozen features, trained for e epochs"
}

// Describe says how many labels there are.
func (FewShot) Describe() string {
	return "logistic regression with few labels: 10 images of each class, or 1 or 10 percent (pc) of train; the mean " +
		"over several draws"
}

// Describe says what is trained, and for how long.
func (FineTune) Describe() string {
	return "encoder and linear classifier are trained together, with batch b, on i images in all, for e epochs at " +
		"least and at most; learning rate and flips are chosen on held-out images of train"
}

// Describe says what is trained, and for how long.
func (FineTuneShort) Describe() string {
	return "encoder and linear classifier are trained together for s steps with batch b: a cheap look"
}

// Describe says what is averaged.
func (Patches) Describe() string {
	return "the features of an image are the mean over p patches of a share s of its side; kNN and the linear probe " +
		"measure these"
}

// Describe says what is corrupted.
func (Corruptions) Describe() string {
	return "n test images are corrupted at five severities, and the linear probe of clean images classifies them"
}

// Describe says what is compared.
func (Clusters) Describe() string {
	return "k-means puts the test images into as many clusters as there are classes, the best of r starts; nmi and " +
		"ari compare clusters and labels"
}

// Describe says what is ranked.
func (Retrieval) Describe() string {
	return "each of q test images ranks the others by cosine similarity; map is the mean average precision of " +
		"finding its class"
}

// Describe says which direction is better.
func (LabelFree) Describe() string {
	return "measures of the features that need no labels; better is: rankme, lidar, std higher; alignment, " +
		"uniformity lower; alpha-req near 1"
}

// Describe says what is compared.
func (CKA) Describe() string {
	return "how similar the features are to those of another network, from 0 to 1"
}
