package objective

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

func init() {
	Register("empssl", EMPSSL{Similarity: 200, Epsilon: 0.2})
}

// EMPSSL is the loss of Tong et al. 2023 (https://arxiv.org/abs/2304.03977, equations 1 to 4) for many views, the
// patches, of each image: the patches of an image have one direction, and the embeddings of a batch fill the space,
// which their total coding rate measures,
//
//	-Similarity · mean over views and images of cos(z(v), mean of the views)
//	- mean over views of ½ · ln det(I + dim/(N·Epsilon) · Z(v)ᵀ·Z(v))
//
// with Z(v) [N, dim] the normalized embeddings of a view. (The paper squares Epsilon, the authors' code does not.) It
// is made for 20 views and more and few epochs. Cost: V·(2·N·dim·m + 4·m³) operations with m the smaller of N and dim.
type EMPSSL struct {
	// Similarity is the weight of the agreement of patches; positive. Its default is 200.
	Similarity float64 `yaml:"similarity"`

	// Epsilon is the distortion of the coding rate; positive. Its default is 0.2.
	Epsilon float64 `yaml:"epsilon"`
}

// Needs asks for nothing.
func (EMPSSL) Needs() Needs { return Needs{} }

// Check returns an error of package usage when a parameter is out of range.
func (e EMPSSL) Check() error {
	return checkPositive(parameter{"similarity", e.Similarity}, parameter{"epsilon", e.Epsilon})
}

// Loss builds the loss of a batch.
func (e EMPSSL) Loss(in Inputs) Terms {
	views, n, dim := len(in.Views), in.images(), in.Views[0].Shape().Dimensions[1]
	z := normalized(Concatenate(in.Views, 0)) // [V·N, dim]
	z = Reshape(z, views, n, dim)

	center := normalized(ReduceMean(z, 0))                               // [N, dim]
	cosines := ReduceSum(Mul(z, Reshape(center, 1, n, dim)), 2)          // [V, N]
	products := Dot(z, z).EinsumAxes([][2]int{{2, 2}}, [][2]int{{0, 0}}) // [V, N, N]
	if dim < n {
		products = Dot(z, z).EinsumAxes([][2]int{{1, 1}}, [][2]int{{0, 0}}) // [V, dim, dim], of the same determinant
	}
	m := products.Shape().Dimensions[1]
	identity := ConvertDType(Diagonal(z.Graph(), m), z.DType())
	rates := logDet(Add(MulScalar(products, float64(dim)/(float64(n)*e.Epsilon)), Reshape(identity, 1, m, m)))

	return added(map[string]*Node{
		"similarity":  MulScalar(ReduceAllMean(cosines), -e.Similarity),
		"coding_rate": MulScalar(ReduceAllMean(rates), -0.5),
	}, 0)
}

// logDet returns [V], the logarithms of the determinants of symmetric, positive definite matrices a [V, m, m]. Its
// gradient is the inverse of a. Both come from a sweep over the pivots, without a gradient of its own.
func logDet(a *Node) *Node {
	value, inverse := swept(StopGradient(a))
	product := ReduceSum(Mul(StopGradient(inverse), a), 1, 2)
	return Add(StopGradient(value), Sub(product, StopGradient(product))) // 0 is added, and a gradient
}

// swept returns logarithms of determinants [V] and inverses [V, m, m] (Goodnight 1979, A tutorial on the SWEEP
// operator).
func swept(a *Node) (logDet, inverse *Node) {
	g, m := a.Graph(), a.Shape().Dimensions[1]
	state := []*Node{Const(g, int32(0)), ReduceSum(ZerosLike(a), 1, 2), a}

	// On XLA in a loop, which compiles fast. The pure-Go backend deadlocks with two loops (compute v0.1.2).
	if g.Backend().String() == gobackend.BackendName {
		for range m {
			state = sweep(state)
		}
		return state[1], Neg(state[2])
	}
	parameters := func(g *Graph) []*Node {
		nodes := make([]*Node, len(state))
		for i, name := range []string{"pivot", "logDet", "matrix"} {
			nodes[i] = Parameter(g, name, state[i].Shape())
		}
		return nodes
	}
	more := NewClosure(g, func(g *Graph) []*Node {
		return []*Node{LessThan(parameters(g)[0], Const(g, int32(m)))}
	})
	final := While(more, NewClosure(g, func(g *Graph) []*Node { return sweep(parameters(g)) }), state...)
	return final[1], Neg(final[2])
}

// sweep sweeps on one pivot: its state is the number of the pivot, the sums of the logarithms of the pivots so far, and
// the matrices. After all pivots each matrix is its inverse with the other sign.
func sweep(state []*Node) []*Node {
	pivot, logDet, a := state[0], state[1], state[2]
	g, views, m := a.Graph(), a.Shape().Dimensions[0], a.Shape().Dimensions[1]
	at := ConvertDType(Equal(Iota(g, shapes.Make(dtypes.Int32, m), 0), pivot), a.DType()) // [m], 1 at the pivot

	one := ConvertDType(Const(g, float32(1)), a.DType())

	// Sums are products, and 1 is a constant of the loop: go-xla 0.4.1 compiles neither a reduction nor one of GoMLX's
	// scalars, which it makes once a program, within a loop.
	column := Einsum("vij,j->vi", a, at)                    // [V, m]
	top := Reshape(Einsum("vi,i->v", column, at), views, 1) // [V, 1], the pivot itself
	at = Reshape(at, 1, m)
	logDet = Add(logDet, Log(Reshape(top, views)))       // [V]
	scaled := Div(column, top)                           // [V, m]
	edge := Sub(Mul(scaled, Sub(one, at)), Div(at, top)) // [V, m], the new row and column of the pivot
	rows, columns := Reshape(at, 1, m, 1), Reshape(at, 1, 1, m)
	others := Mul(Sub(one, rows), Sub(one, columns)) // [1, m, m]

	a = Mul(Sub(a, Mul(Reshape(column, views, m, 1), Reshape(scaled, views, 1, m))), others)
	a = Add(a, Mul(Reshape(edge, views, 1, m), rows))
	a = Add(a, Mul(Mul(Reshape(edge, views, m, 1), columns), Sub(one, rows)))
	return []*Node{Add(pivot, Const(g, int32(1))), logDet, a}
}
