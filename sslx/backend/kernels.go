//go:build cgo && linux && amd64

package backend

// #cgo LDFLAGS: -ldl
// #include <stdlib.h>
// #include "kernels.h"
import "C"

import (
	"fmt"
	"reflect"
	"runtime/cgo"
	"strings"
	"unsafe"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/go-xla/stablehlo"
	"github.com/gomlx/go-xla/types/shapes"

	"github.com/sslx-go/lab/internal/convolution"
	"github.com/sslx-go/lab/internal/tuning"
)

// call is what a program calls in place of a convolution of XLA, or of sums over rows.
type call int

const (
	convolve call = iota
	imageGradient
	kernelGradient
	channelSum
	productSum
)

// The calls' names, as kernels.c registers them.
var callNames = [...]string{"sslx.convolution", "sslx.image_gradient", "sslx.kernel_gradient", "sslx.sum",
	"sslx.product_sum"}

// registerKernels lets programs of the plugin in a file call the kernels of package convolution. It reports whether
// they can: the processor needs AVX-512, and the plugin XLA's foreign function interface
// (https://openxla.org/xla/custom_call).
func registerKernels(path string) bool {
	if !convolution.Available() || !hasFunctionsField {
		return false
	}
	file := C.CString(path)
	defer C.free(unsafe.Pointer(file))
	return C.sslx_register(file) != 0
}

// sslxCall computes a call of a program.
//
//export sslxCall
func sslxCall(which C.int, frame *C.struct_frame) {
	tuning.BeforeCalls()
	in, output := unsafe.Slice(frame.inputs.all, frame.inputs.count), *frame.outputs.all
	a, out := elements(in[0]), elements(output)
	var b []float32
	roundedB := false
	if len(in) > 1 {
		b, roundedB = elements(in[1]), in[1]._type == bfloat16
	}
	start := func(help func()) {
		h := cgo.NewHandle(help)
		if C.sslx_schedule(frame, C.uintptr_t(h)) == 0 {
			h.Delete()
		}
	}

	if which := call(which); which >= channelSum {
		s, _ := sums(dims(in[0]), dims(output), in[0]._type == bfloat16, roundedB)
		s.Start = start
		s.Compute(out, a, b)
		return
	}
	t, _ := training(call(which), [4]int(dims(in[0])), [4]int(dims(in[1])), [4]int(dims(output)),
		output._type == bfloat16)
	t.Start = start
	switch call(which) {
	case convolve:
		t.Convolve(out, a, b)
	case imageGradient:
		t.ImageGradient(out, a, b)
	case kernelGradient:
		t.KernelGradient(out, a, b)
	}
}

// sslxHelp helps with a call, on a thread of XLA.
//
//export sslxHelp
func sslxHelp(help C.uintptr_t) {
	h := cgo.Handle(help)
	defer h.Delete()
	h.Value().(func())()
}

// dims returns the dimensions of a buffer.
func dims(b *C.struct_buffer) []int {
	all := make([]int, b.rank)
	for i, d := range unsafe.Slice((*int64)(unsafe.Pointer(b.dims)), len(all)) {
		all[i] = int(d)
	}
	return all
}

// bfloat16 is the type of a buffer in the interface; a kernel is called for it and float32 alone.
const bfloat16 = 16

// elements returns a buffer as package convolution takes it: numbers in float32, or pairs in bfloat16.
func elements(b *C.struct_buffer) []float32 {
	n := size(dims(b))
	if b._type == bfloat16 {
		n /= 2
	}
	return unsafe.Slice((*float32)(b.data), n)
}

// training returns the geometry of a call with inputs and an output of some dimensions, and whether there is a kernel.
func training(which call, a, b, out [4]int, rounds bool) (t convolution.Training, ok bool) {
	x, kernel, y := a, b, out
	switch which {
	case imageGradient:
		x, y = out, a
	case kernelGradient:
		kernel, y = out, b
	}

	t = convolution.Training{Images: x[0], In: convolution.Maps{Height: x[1], Width: x[2], Channels: x[3]}, Out: y[3],
		Size: kernel[0], Stride: 1, Rounds: rounds}
	if y[1] != x[1] || y[2] != x[2] {
		t.Stride = 2
	}
	sides := y[1]*t.Stride == x[1] && y[2]*t.Stride == x[2]
	return t, sides && y[0] == x[0] && kernel == [4]int{t.Size, t.Size, x[3], y[3]} && t.Supported()
}

// useKernels replaces the convolutions and the sums over rows of a program that there are kernels for by calls.
func useKernels(b *stablehlo.Builder) {
	for _, f := range functionsOf(b) {
		of := map[*stablehlo.Value]*stablehlo.Statement{}
		for _, s := range f.Statements {
			for _, v := range s.Outputs {
				of[v] = s
			}
		}

		for _, s := range f.Statements {
			var which call
			var ok bool
			var inputs []*stablehlo.Value
			switch op(s) {
			case "convolution":
				which, inputs, ok = callFor(s, of)
			case "reduce":
				which, inputs, ok = sumFor(s, of)
			}
			if !ok {
				continue
			}

			// Its outputs, which others refer to, stay.
			s.OpType, s.Inputs = customCall, inputs
			s.FunctionParameters, s.FunctionParametersNames = nil, nil
			s.Attributes = map[string]any{"call_target_name": callNames[which], "api_version": int32(4),
				"backend_config": literal("{}")}
		}
	}
}

// op returns the name of an operation, and none for no statement.
func op(s *stablehlo.Statement) string {
	if s == nil {
		return ""
	}
	return strings.TrimPrefix(s.OpType.ToStableHLO(), "stablehlo.")
}

// sums returns the geometry of sums of maps with some dimensions, and whether there is a kernel.
func sums(x, out []int, roundedA, roundedB bool) (s convolution.Sums, ok bool) {
	last := len(out) - 1
	s = convolution.Sums{Parts: size(out[:last]), Channels: out[last], RoundedA: roundedA, RoundedB: roundedB}
	s.Rows = size(x) / (s.Parts * s.Channels)
	return s, s.Supported()
}

func size(dims []int) int {
	all := 1
	for _, d := range dims {
		all *= d
	}
	return all
}

// sumFor returns the call that computes the sums of a statement over its last axis but one, if there is one, and its
// inputs. Those are what is summed up, or both factors of it, before they had another shape or were made float32.
func sumFor(s *stablehlo.Statement, of map[*stablehlo.Value]*stablehlo.Statement) (which call,
	inputs []*stablehlo.Value, ok bool) {
	x, out := s.Inputs[0], s.Outputs[0]
	from, to := x.Shape().Dimensions, out.Shape().Dimensions
	if len(s.Inputs) != 2 || len(to) == 0 || out.Shape().DType != dtypes.Float32 ||
		text(s, "dimensions") != fmt.Sprintf("array<i64: %d>", len(to)-1) || !isZero(of[s.Inputs[1]]) ||
		len(s.FunctionParameters[0].Statements) != 2 || op(s.FunctionParameters[0].Statements[0]) != "add" {
		return 0, nil, false
	}

	stored := func(v *stablehlo.Value) *stablehlo.Value {
		for {
			s := of[v]
			if op(s) != "reshape" && !converts(s, dtypes.BFloat16, dtypes.Float32) {
				return v
			}
			v = s.Inputs[0]
		}
	}
	rounded := func(v *stablehlo.Value) bool { return v.Shape().DType == dtypes.BFloat16 }
	a := stored(x)
	which, inputs = channelSum, []*stablehlo.Value{a}
	if s := of[a]; op(s) == "multiply" {
		b := stored(s.Inputs[1])
		a = stored(s.Inputs[0])
		if rounded(a) && !rounded(b) {
			a, b = b, a
		}
		which, inputs = productSum, []*stablehlo.Value{a, b}
	}
	_, ok = sums(from, to, rounded(a), rounded(inputs[len(inputs)-1]))
	return which, inputs, ok
}

// converts reports whether a statement converts one type to another.
func converts(s *stablehlo.Statement, from, to dtypes.DType) bool {
	return op(s) == "convert" && s.Inputs[0].Shape().DType == from && s.Outputs[0].Shape().DType == to
}

// isZero reports whether a statement is the constant that a sum begins with.
func isZero(s *stablehlo.Statement) bool {
	return op(s) == "constant" && text(s, "value") == "dense<0.0> : tensor<f32>"
}

// callFor returns the call that computes a convolution, if there is one, and its inputs. A convolution in bfloat16
// takes numbers in float32, before they are rounded, and one with a reversed kernel the kernel itself.
func callFor(s *stablehlo.Statement, of map[*stablehlo.Value]*stablehlo.Statement) (which call,
	inputs []*stablehlo.Value, ok bool) {
	a, b, out := s.Inputs[0], s.Inputs[1], s.Outputs[0].Shape()
	if out.DType != dtypes.Float32 && out.DType != dtypes.BFloat16 || out.Rank() != 4 {
		return 0, nil, false
	}
	rounds := out.DType == dtypes.BFloat16
	whole := func(v *stablehlo.Value) *stablehlo.Value {
		if rounds && converts(of[v], dtypes.Float32, dtypes.BFloat16) {
			return of[v].Inputs[0]
		}
		return v
	}

	for which = convolve; which <= kernelGradient; which++ {
		t, supported := training(which, [4]int(a.Shape().Dimensions), [4]int(b.Shape().Dimensions),
			[4]int(out.Dimensions), rounds)
		if which == imageGradient && t.OfFew() {
			continue
		}
		if !supported || text(s, "dimension_numbers") != "#stablehlo.conv<"+axes[which]+">" || !hasWindow(s, which, t) {
			continue
		}
		if which == imageGradient {
			if op(of[b]) != "reverse" || text(of[b], "dimensions") != "array<i64: 0, 1>" {
				return 0, nil, false
			}
			b = of[b].Inputs[0]
		}
		a, b = whole(a), whole(b)
		return which, []*stablehlo.Value{a, b}, a.Shape().DType == dtypes.Float32 && b.Shape().DType == dtypes.Float32
	}
	return 0, nil, false
}

// axes are those of each call's convolution: a gradient to images swaps the kernel's channels, and one to a kernel sums
// over the images.
var axes = [...]string{"[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]", "[b, 0, 1, f]x[0, 1, o, i]->[b, 0, 1, f]",
	"[f, 0, 1, b]x[i, 0, 1, o]->[0, 1, b, f]"}

// hasWindow reports whether a convolution has the window of a call.
func hasWindow(s *stablehlo.Statement, which call, t convolution.Training) bool {
	strides := map[string]int{"window_strides": 1, "lhs_dilation": 1, "rhs_dilation": 1}
	strides[[...]string{"window_strides", "lhs_dilation", "rhs_dilation"}[which]] = t.Stride
	for name, stride := range strides {
		if text(s, name) != fmt.Sprintf("array<i64: %d, %d>", stride, stride) {
			return false
		}
	}

	// The zeros before the images; dimensions tell how many come after them.
	before := (t.Size - 1) / 2
	if which == imageGradient {
		before = t.Size - 1 - before
	}
	var rows, columns, after int
	_, err := fmt.Sscanf(text(s, "padding"), "dense<[[%d, %d], [%d, %d]]>", &rows, &after, &columns, &after)
	return err == nil && rows == before && columns == before &&
		text(s, "window_reversal") == "array<i1: false, false>" &&
		s.Attributes["feature_group_count"] == int64(1) && s.Attributes["batch_group_count"] == int64(1)
}

// text returns an attribute as it is written.
func text(s *stablehlo.Statement, attribute string) string {
	v, ok := s.Attributes[attribute].(interface{ ToStableHLO() string })
	if !ok {
		return ""
	}
	return v.ToStableHLO()
}

// literal is an attribute as it is written.
type literal string

// ToStableHLO returns the text.
func (l literal) ToStableHLO() string { return string(l) }

// customCall is go-xla's operation for calls, whose type has no name outside of it.
var customCall = func() *stablehlo.Statement {
	f := stablehlo.New("").Main()
	x, _ := f.ConstantFromScalar(float32(0))
	_, _ = stablehlo.CustomCallV2("none", "", []*stablehlo.Value{x}, nil, []shapes.Shape{x.Shape()}, nil)
	return f.Statements[len(f.Statements)-1]
}().OpType

// functionsField is where go-xla keeps the functions of a program that is being built. It has no method for them.
var functionsField, hasFunctionsField = functionsOfBuilder()

func functionsOfBuilder() (reflect.StructField, bool) {
	field, ok := reflect.TypeFor[stablehlo.Builder]().FieldByName("functions")
	return field, ok && field.Type == reflect.TypeFor[[]*stablehlo.Function]()
}

func functionsOf(b *stablehlo.Builder) []*stablehlo.Function {
	return *(*[]*stablehlo.Function)(unsafe.Add(unsafe.Pointer(b), functionsField.Offset))
}
