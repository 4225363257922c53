package probe

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/optimizer"
)

// CurveResult is what a probe trained by minibatches predicts, epoch by epoch. The last epoch is the result; the others
// are for a curve, and picking the best of them by test labels would be a choice on test.
type CurveResult struct {
	Predicted     []int32   // class of each test image after the last epoch
	PredictedAt   [][]int32 // the same after each epoch
	TrainLoss     []float64 // mean cross-entropy of each epoch's batches, each before its own step
	TrainAccuracy []float64 // likewise, in [0, 1]
}

// trainer fits a classifier to features by minibatches. Each epoch is a new order of the train images, of which the
// last partial batch is dropped; fewer images than a batch are one batch. The learning rate falls by a half cosine from
// lr at the first step to 0 after the last.
type trainer struct {
	name    string // for errors
	network func(scope *model.Scope, x *Node) (logits *Node)
	update  updateRule
	lr      func(batch int) float64 // at the first step, for the batch that there is
	batch   int
	epochs  int
	seed    uint64 // of initial values and orders
}

// updateRule makes one step of an optimizer, as [optimizer.Config.Update] does.
type updateRule func(scope *model.Scope, variables []*model.Variable, gradients []*Node, lr, step *Node)

// Scopes of the variables of a trainer.
const (
	networkScope   = "network"
	optimizerScope = "optimizer"
)

// check judges the options of a probe. name starts the sentence.
func (t trainer) check(lr float64) error {
	if t.batch < 1 || t.epochs < 1 {
		return usage.Errorf("%s needs batches and epochs of at least 1, got %d and %d", t.name, t.batch, t.epochs)
	}
	if !(lr > 0) || math.IsInf(lr, 0) {
		return usage.Errorf("%s needs a learning rate above 0, got %g", t.name, lr)
	}
	return nil
}

// fit trains on standardized features and predicts test after each epoch.
func (t trainer) fit(b compute.Backend, train Features, labels []int32, test Features, classes int,
) (CurveResult, error) {
	if err := checkLinear(train, Features{}, test); err != nil {
		return CurveResult{}, err
	}
	if err := checkLabels(labels, train.N, classes, "train"); err != nil {
		return CurveResult{}, err
	}
	if err := checkTwoClasses(labels); err != nil {
		return CurveResult{}, err
	}

	scale := newScaler(train)
	if err := scale.check(test, "test"); err != nil {
		return CurveResult{}, err
	}

	// Closed even where loading fails halfway.
	f, err := t.load(b, scale, train, labels, test)
	defer f.close()
	if err != nil {
		return CurveResult{}, fmt.Errorf("%s: features to the device: %w", t.name, err)
	}

	result, err := t.train(f, train.N)
	if err != nil {
		return CurveResult{}, fmt.Errorf("%s: %w", t.name, err)
	}
	return result, nil
}

// session is a training on a device: standardized features, labels, variables and two compiled programs.
type session struct {
	store         *model.Store
	pool, queries *tensors.Tensor // [train, D] and [test, D]
	labels        *tensors.Tensor // int32 [train]
	step, predict *model.Exec
}

func (t trainer) load(b compute.Backend, scale scaler, train Features, labels []int32, test Features,
) (f *session, err error) {
	f = &session{store: model.NewStore()}
	f.store.RootScope().SetParam(encoder.ParamSeed, t.seed)

	// Features and labels stay on the device; a step is told the indices of its images.
	put := func(x Features) (*tensors.Tensor, error) {
		return newMatrix(b, x.N, x.D, func(i int, row []float32) { scale.apply(row, x.Row(i)) })
	}
	if f.pool, err = put(train); err != nil {
		return f, err
	}
	if f.queries, err = put(test); err != nil {
		return f, err
	}
	f.labels = tensors.FromFlatDataAndDimensions(labels, len(labels))
	if err := f.labels.ToDevice(b, 0); err != nil {
		return f, err
	}

	if f.step, err = model.NewExec(b, f.store, t.stepGraph); err != nil {
		return f, err
	}
	f.predict, err = model.NewExec(b, f.store, func(scope *model.Scope, x *Node) *Node {
		return ArgMax(t.network(scope.At(networkScope), x), -1, dtypes.Int32)
	})
	return f, err
}

func (f *session) close() {
	for _, exec := range []*model.Exec{f.step, f.predict} {
		if exec != nil {
			exec.Finalize()
		}
	}
	f.store.Finalize()
	finalize(f.pool, f.queries, f.labels)
}

// stepGraph makes a step on the images of the given indices ([batch]) and returns loss and accuracy ([2]) before it.
// scalars are the learning rate and the number of the step, from 1.
func (t trainer) stepGraph(scope *model.Scope, pool, labels, indices, scalars *Node) *Node {
	rows := InsertAxes(indices, -1)                                                              // [batch, 1]
	logits, truth := t.network(scope.At(networkScope), Gather(pool, rows)), Gather(labels, rows) // [batch, C], [batch]
	loss := meanCrossEntropy(logits, truth)

	// In the order of their paths, so that the program is the same each time.
	variables := slices.SortedFunc(scope.At(networkScope).IterVariables(), func(a, b *model.Variable) int {
		return cmp.Compare(a.Path(), b.Path())
	})
	values := make([]*Node, len(variables))
	for i, v := range variables {
		values[i] = v.NodeValue(loss)
	}

	scalar := func(i int) *Node { return Reshape(Slice(scalars, AxisElem(i))) }
	t.update(scope.At(optimizerScope), variables, Gradient(loss, values...), scalar(0), scalar(1))

	right := Equal(ArgMax(logits, -1, dtypes.Int32), truth)
	accuracy := ReduceAllMean(ConvertDType(right, loss.DType()))
	return Concatenate([]*Node{Reshape(loss, 1), Reshape(accuracy, 1)}, 0)
}

// meanCrossEntropy is the mean over rows of -log softmax(logits)[label], for logits [N, C] and labels [N].
func meanCrossEntropy(logits, labels *Node) *Node {
	// Logits less the largest of their row: Exp does not overflow.
	shifted := Sub(logits, StopGradient(ReduceAndKeep(logits, ReduceMax, 1)))
	truth := OneHot(labels, logits.Shape().Dimensions[1], logits.DType())
	return ReduceAllMean(Sub(Log(ReduceSum(Exp(shifted), 1)), ReduceSum(Mul(truth, shifted), 1)))
}

func (t trainer) train(f *session, images int) (result CurveResult, err error) {
	batch := min(t.batch, images)
	steps := images / batch
	schedule := optimizer.Schedule{Peak: t.lr(batch), Steps: t.epochs * steps}

	for epoch := range t.epochs {
		// An order of its own for each epoch, which only the seed and the epoch decide.
		order := rand.New(rand.NewPCG(t.seed, uint64(epoch))).Perm(images)
		var loss, accuracy float64 // means over the epoch
		for i := range steps {
			step := epoch*steps + i + 1
			measures, err := f.run(order[i*batch:(i+1)*batch], schedule.At(step), step)
			if err != nil {
				return CurveResult{}, err
			}
			loss += float64(measures[0]) / float64(steps)
			accuracy += float64(measures[1]) / float64(steps)
		}

		if math.IsNaN(loss) || math.IsInf(loss, 0) {
			return CurveResult{}, fmt.Errorf("the loss is %v in epoch %d: try a smaller learning rate",
				loss, epoch+1)
		}

		predicted, err := f.predictions()
		if err != nil {
			return CurveResult{}, err
		}

		result.TrainLoss, result.TrainAccuracy = append(result.TrainLoss, loss), append(result.TrainAccuracy, accuracy)
		result.PredictedAt = append(result.PredictedAt, predicted)
	}

	result.Predicted = result.PredictedAt[t.epochs-1]
	return result, nil
}

// run makes a step on the given images and returns loss and accuracy before it.
func (f *session) run(images []int, lr float64, step int) ([]float32, error) {
	indices := make([]int32, len(images))
	for i, image := range images {
		indices[i] = int32(image)
	}
	return fetch[float32](f.step.Call1(f.pool, f.labels, indices, []float32{float32(lr), float32(step)}))
}

func (f *session) predictions() ([]int32, error) { return fetch[int32](f.predict.Call1(f.queries)) }

// fetch copies a program's output to the host and frees it.
func fetch[T float32 | int32](out *tensors.Tensor, err error) ([]T, error) {
	if err != nil {
		return nil, err
	}
	values, err := tensors.CopyFlatData[T](out)
	return values, errors.Join(err, out.FinalizeAll())
}
