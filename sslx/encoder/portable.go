package encoder

import "slices"

// Portable is an encoder whose weights other libraries can read, and whose weights can be read from theirs: torchvision
// and timm have names for them. Package weights reads and writes such files.
type Portable interface {
	Encoder

	// Model returns the name that torchvision or timm has for the network, "" when it is none of theirs and only the
	// names of the tensors are.
	Model() string

	// Tensors returns what every variable is called there, for images with a number of channels. The encoder must pass
	// Check.
	Tensors(channels int) []Tensor
}

// Tensor is a variable of an encoder and the tensor of another library that has its values. The variable's values are
// the numbers of the tensor with its axes permuted, in the variable's shape.
type Tensor struct {
	// Variable is the path of the variable below the encoder's scope, such as stem/kernel, and Shape its dimensions.
	Variable string
	Shape    []int

	// Name is the tensor's name, such as conv1.weight, and Dims are its dimensions.
	Name string
	Dims []int

	// Axes are the axes of the tensor in the variable's order; nil keeps them.
	Axes []int
}

// Import returns the variable's values for the values of the tensor.
func (t Tensor) Import(values []float32) []float32 {
	if t.Axes == nil {
		return values
	}
	return permuted(values, t.Dims, t.Axes)
}

// Export returns the tensor's values for the values of the variable.
func (t Tensor) Export(values []float32) []float32 {
	if t.Axes == nil {
		return values
	}

	// The inverse permutation, from the dimensions that the permutation leaves.
	dims, back := make([]int, len(t.Axes)), make([]int, len(t.Axes))
	for i, axis := range t.Axes {
		dims[i], back[axis] = t.Dims[axis], i
	}
	return permuted(values, dims, back)
}

// permuted returns values of the given dimensions with their axes in another order.
func permuted(values []float32, dims, axes []int) []float32 {
	// How far apart neighbors along each axis of the result are in values.
	strides := make([]int, len(dims))
	for i, axis := range axes {
		strides[i] = 1
		for _, d := range dims[axis+1:] {
			strides[i] *= d
		}
	}

	out := make([]float32, 0, len(values))
	var walk func(axis, at int)
	walk = func(axis, at int) {
		for range dims[axes[axis]] {
			if axis == len(axes)-1 {
				out = append(out, values[at])
			} else {
				walk(axis+1, at)
			}
			at += strides[axis]
		}
	}
	walk(0, 0)
	return out
}

// kernelTensor is a kernel [size, size, in, out], which other libraries have as [out, in, size, size].
func kernelTensor(variable, name string, size, in, out int) Tensor {
	return Tensor{variable, []int{size, size, in, out}, name, []int{out, in, size, size}, []int{2, 3, 1, 0}}
}

// denseTensor is a kernel [in, out], which other libraries have as [out, in].
func denseTensor(variable, name string, in, out int) Tensor {
	return Tensor{variable, []int{in, out}, name, []int{out, in}, []int{1, 0}}
}

// sameTensor is a variable that has the same order of values in other libraries, in the shape dims.
func sameTensor(variable, name string, shape []int, dims ...int) Tensor {
	if dims == nil {
		dims = shape
	}
	return Tensor{variable, slices.Clone(shape), name, slices.Clone(dims), nil}
}

// normTensors are the variables of a batch normalization.
func normTensors(scope, name string, channels int) []Tensor {
	shape := []int{channels}
	return []Tensor{
		sameTensor(scope+"/scale", name+".weight", shape),
		sameTensor(scope+"/offset", name+".bias", shape),
		sameTensor(scope+"/mean", name+".running_mean", shape),
		sameTensor(scope+"/variance", name+".running_var", shape),
	}
}
