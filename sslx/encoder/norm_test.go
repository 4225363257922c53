package encoder

import (
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/testbackend"
)

// normNet builds a small network with every kind of layer that normalizes, and returns the embeddings of images.
func normNet(scope *model.Scope, images *Node) *Node {
	x := convBNReLU(scope.At("conv0"), featureMaps{x: images}, 4, 3, 1, Train) // by Winograd's algorithm, pixels first
	x = convBNReLU(scope.At("conv1"), featureMaps{x: x.images()}, 4, 3, 2, Train)
	z := Projector(scope.At("projector"), x.mean(), []int{6, 4}, Train)
	return Standardize(scope.At("output"), z[1], Train)
}

// passes runs normNet on three views of other brightness and contrast, all in one pass with a Norm or each in a pass of
// its own, and returns the embeddings of all views, the gradients of a scalar of them, and the variables after it.
func passes(t *testing.T, norm *Norm) (z []float64, gradients, after map[string][]float64) {
	t.Helper()
	store := model.NewStore()
	defer store.Finalize()
	var paths []string
	var inputs []any
	for i := range 3 {
		inputs = append(inputs, normal(uint64(i), float64(i), 1+float64(i), 5, 8, 8, 3))
	}
	got := runOn(t, testbackend.PureGo(t), store, func(scope *model.Scope, in []*Node) []*Node {
		for i := range in {
			in[i] = ConvertDType(in[i], dtypes.Float64) // gradients of float32 differ by the order of sums
		}
		var all *Node
		if norm != nil {
			norm.Use(scope, in[0].Graph())
			all = normNet(scope, Concatenate(in, 0))
		} else {
			var each []*Node
			for _, view := range in {
				each = append(each, normNet(scope, view))
			}
			all = Concatenate(each, 0)
		}

		// A loss on which every embedding acts in its own way.
		weights := Sin(IotaFull(all.Graph(), all.Shape()))
		loss := ReduceAllSum(Mul(all, weights))
		var values []*Node
		for v := range scope.IterVariables() {
			if v.Trainable {
				paths, values = append(paths, v.Path()), append(values, v.NodeValue(all))
			}
		}
		return append([]*Node{ConvertDType(all, dtypes.Float32)}, Gradient(loss, values...)...)
	}, inputs...)

	gradients = map[string][]float64{}
	for i, path := range paths {
		gradients[path] = got[i+1]
	}
	return got[0], gradients, variables(t, store)
}

// distance is that of a and b as a share of the length of b.
func distance(a, b []float64) float64 {
	d, length := 0.0, 0.0
	for i := range b {
		d, length = math.Hypot(d, a[i]-b[i]), math.Hypot(length, b[i])
	}
	return d / max(length, 1e-3)
}

func TestNorm_OfViewsIsOnePassAView(t *testing.T) {
	wantZ, wantGradients, wantAfter := passes(t, nil)
	z, gradients, after := passes(t, &Norm{Views: 3})

	worst := map[string]float64{"outputs": distance(z, wantZ)}
	for path, want := range wantGradients {
		worst["gradients"] = max(worst["gradients"], distance(gradients[path], want))
	}
	for path, want := range wantAfter {
		worst["variables"] = max(worst["variables"], distance(after[path], want))
	}
	t.Log(worst)
	for what, d := range worst {
		if !(d <= 1e-6) {
			t.Errorf("%s differ by %.1e", what, d)
		}
	}

	// The comparison notices that the views are normalized together.
	z, _, after = passes(t, &Norm{})
	if distance(z, wantZ) < 0.1 || distance(after["/conv0/mean"], wantAfter["/conv0/mean"]) < 0.1 {
		t.Error("views of different brightness are normalized alike together and apart")
	}
}

// partOf returns which part of a batch an image is in, written from the documentation of Norm.
func partOf(n Norm, image, images int) (view, split int) {
	rows := images / max(1, n.Views)
	view, image = image/rows, image%rows
	if n.Interleaved {
		return view, image % n.Splits
	}
	return view, image / (rows / max(1, n.Splits))
}

func TestNorm_TakesEachPartByItself(t *testing.T) {
	b := testbackend.PureGo(t)
	const images, pixels, channels = 12, 6, 3
	x, g := normal(3, 1, 2, images, 2, 3, channels), normal(4, 0, 1, images, 2, 3, channels)
	for _, n := range []Norm{
		{}, {Views: 2}, {Splits: 3}, {Views: 2, Splits: 3}, {Views: 2, Splits: 3, Interleaved: true},
		{Views: 3, Still: true},
	} {
		for _, pixelsFirst := range []bool{false, true} {
			t.Run(fmt.Sprintf("%+v %v", n, pixelsFirst), func(t *testing.T) {
				store, state := norms()
				got := runOn(t, b, store, func(scope *model.Scope, in []*Node) []*Node {
					n.Use(scope, in[0].Graph())
					m := featureMaps{x: in[0]}
					if pixelsFirst {
						m = featureMaps{m.pixels(), true}
					}
					y := m.normalized(scope, Train).images()
					loss := ReduceAllSum(Mul(y, in[1]))
					value := func(name string) *Node { return scope.GetVariable(name).NodeValue(y) }
					return append([]*Node{y}, Gradient(loss, in[0], value("scale"), value("offset"))...)
				}, x, g)

				// The images of each part alone, through the batch normalization of the paper.
				y, dx := make([]float64, images*pixels*channels), make([]float64, images*pixels*channels)
				dScale, dOffset := make([]float64, channels), make([]float64, channels)
				after := state
				for view := range max(1, n.Views) {
					towards := normState{mean: make([]float64, channels), variance: make([]float64, channels)}
					for split := range max(1, n.Splits) {
						var px, pg []float64
						var at []int
						for image := range images {
							if v, s := partOf(n, image, images); v == view && s == split {
								for i := image * pixels * channels; i < (image+1)*pixels*channels; i++ {
									px, pg, at = append(px, floats(x)[i]), append(pg, floats(g)[i]), append(at, i)
								}
							}
						}
						py, moved := after.forward(px, len(px)/channels, true)
						pdx, ds, do := state.backward(px, pg, len(px)/channels, true)
						for i, j := range at {
							y[j], dx[j] = py[i], pdx[i]
						}
						for c := range channels {
							dScale[c], dOffset[c] = dScale[c]+ds[c], dOffset[c]+do[c]
							towards.mean[c] += moved.mean[c] / float64(max(1, n.Splits))
							towards.variance[c] += moved.variance[c] / float64(max(1, n.Splits))
						}
					}
					if !n.Still {
						after.mean, after.variance = towards.mean, towards.variance
					}
				}

				mustBeClose(t, "output", got[0], y, 1e-6)
				mustBeClose(t, "gradient to the input", got[1], dx, 1e-5)
				mustBeClose(t, "gradient to the scale", got[2], dScale, 1e-5)
				mustBeClose(t, "gradient to the offset", got[3], dOffset, 1e-5)
				v := variables(t, store)
				mustBeClose(t, "running mean", v["/mean"], after.mean, 1e-6)
				mustBeClose(t, "running variance", v["/variance"], after.variance, 1e-6)
			})
		}
	}
}

func TestNorm_OfGroupsTakesEachImageByItself(t *testing.T) {
	b := testbackend.PureGo(t)
	const images, pixels = 3, 6
	for channels, groups := range map[int]int{3: 1, 16: 1, 32: 2, 48: 3, 40: 2, 34: 2, 17: 1} {
		x := normal(uint64(channels), 1, 2, images, 2, 3, channels)
		want := make([]float64, len(floats(x)))
		size := channels / groups
		for image := range images {
			for group := range groups {
				var at []int
				mean, square := 0.0, 0.0
				for pixel := range pixels {
					for c := group * size; c < (group+1)*size; c++ {
						at = append(at, (image*pixels+pixel)*channels+c)
					}
				}
				for _, i := range at {
					mean += floats(x)[i] / float64(len(at))
				}
				for _, i := range at {
					square += (floats(x)[i] - mean) * (floats(x)[i] - mean) / float64(len(at))
				}
				for _, i := range at {
					want[i] = (floats(x)[i] - mean) / math.Sqrt(square+1e-5)
				}
			}
		}

		for _, mode := range []Mode{Train, Eval} {
			store := model.NewStore()
			got := runOn(t, b, store, func(scope *model.Scope, in []*Node) []*Node {
				Norm{Group: true}.Use(scope, in[0].Graph())
				m := featureMaps{x: in[0]}
				return []*Node{m.normalized(scope, mode).x,
					featureMaps{m.pixels(), true}.normalized(scope, mode).images()}
			}, x)
			mustBeClose(t, "images", got[0], want, 1e-5)
			mustBeClose(t, "pixels first", got[1], want, 1e-5)
			if v := variables(t, store); len(v) != 2 {
				t.Errorf("variables %v, want scale and offset", v)
			}
		}
	}
}
