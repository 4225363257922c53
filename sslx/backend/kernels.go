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
	"unsafe"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/go-xla/stablehlo"
	"github.com/gomlx/go-xla/types/shapes"

	"github.com/sslx-go/lab/internal/convolution"
	"github.com/sslx-go/lab/internal/tuning"
)

// call is what a program calls in place of a convolution of XLA.
type call int

const (
	convolve call = iota
	imageGradient
	kernelGradient
)

// The calls' names, as kernels.c registers them.
var callNames = [...]string{"sslx.convolution", "sslx.image_gradient", "sslx.kernel_gradient"}

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
	in := unsafe.Slice(frame.inputs.all, 2)
	output := *frame.outputs.all
	a, b, out := floats(in[0]), floats(in[1]), floats(output)
	t, _ := training(call(which), dims(in[0]), dims(in[1]), dims(output))
	t.Start = func(help func()) {
		h := cgo.NewHandle(help)
		if C.sslx_schedule(frame, C.uintptr_t(h)) == 0 {
			h.Delete()
		}
	}
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
func dims(b *C.struct_buffer) [4]int {
	var all [4]int
	for i, d := range unsafe.Slice((*int64)(unsafe.Pointer(b.dims)), 4) {
		all[i] = int(d)
	}
	return all
}

// floats returns the numbers of a buffer.
func floats(b *C.struct_buffer) []float32 {
	size := 1
	for _, d := range dims(b) {
		size *= d
	}
	return unsafe.Slice((*float32)(b.data), size)
}

// training returns the geometry of a call with inputs and an output of some dimensions, and whether there is a kernel.
func training(which call, a, b, out [4]int) (t convolution.Training, ok bool) {
	x, kernel, y := a, b, out
	switch which {
	case imageGradient:
		x, y = out, a
	case kernelGradient:
		kernel, y = out, b
	}

	t = convolution.Training{Images: x[0], In: convolution.Maps{Height: x[1], Width: x[2], Channels: x[3]}, Out: y[3],
		Stride: 1}
	if y[1] != x[1] || y[2] != x[2] {
		t.Stride = 2
	}
	sides := y[1]*t.Stride == x[1] && y[2]*t.Stride == x[2]
	return t, sides && y[0] == x[0] && kernel == [4]int{3, 3, x[3], y[3]} && t.Supported()
}

// useKernels replaces the convolutions of a program that there are kernels for by calls.
func useKernels(b *stablehlo.Builder) {
	for _, f := range functionsOf(b) {
		for _, s := range f.Statements {
			if s.OpType.ToStableHLO() != "stablehlo.convolution" {
				continue
			}
			which, ok := callFor(s)
			if !ok {
				continue
			}
			s.OpType = customCall
			s.Attributes = map[string]any{"call_target_name": callNames[which], "api_version": int32(4),
				"backend_config": literal("{}")}
		}
	}
}

// callFor returns the call that computes a convolution, if there is one.
func callFor(s *stablehlo.Statement) (which call, ok bool) {
	var all [3][4]int
	for i, v := range []*stablehlo.Value{s.Inputs[0], s.Inputs[1], s.Outputs[0]} {
		if v.Shape().DType != dtypes.Float32 || v.Shape().Rank() != 4 {
			return 0, false
		}
		all[i] = [4]int(v.Shape().Dimensions)
	}
	for which = convolve; which <= kernelGradient; which++ {
		t, ok := training(which, all[0], all[1], all[2])
		if ok && text(s, "dimension_numbers") == "#stablehlo.conv<"+axes[which]+">" && hasWindow(s, which, t) {
			return which, true
		}
	}
	return 0, false
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

	after := 1
	if t.Stride == 2 {
		after = map[call]int{convolve: 1, imageGradient: 2, kernelGradient: 0}[which]
	}
	return text(s, "padding") == fmt.Sprintf("dense<[[1, %d], [1, %d]]> : tensor<2x2xi64>", after, after) &&
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
