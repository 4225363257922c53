package pretrain

import (
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// targets returns the embeddings [batch, dim] of each view by the target network, without a gradient. Its batch
// normalization uses the statistics of the batch, as the online network's does; where views are split, no two images
// are to tell by their statistics that they are of one part (He et al. 2020, https://arxiv.org/abs/1911.05722, 3.3).
func targets(scope *model.Scope, c Config, views []*Node) []*Node {
	z := embeddings(forward(scope, c, views, normalization{interleaved: true}))
	for i := range z {
		z[i] = StopGradient(z[i])
	}
	return z
}

// updateTarget moves each trained variable of the target network towards the new value of the online network's:
// ema·target + (1-ema)·online (Grill et al. 2020, https://arxiv.org/abs/2006.07733, equation 1).
func updateTarget(root *model.Scope, ema *Node) {
	for v := range root.At(targetScope).IterVariables() {
		if !v.Trainable {
			continue // running statistics are the target's own
		}
		old := v.NodeValue(ema)
		online := onlineOf(root.Store(), v).NodeValue(ema)
		v.SetNodeValue(Add(Mul(old, ema), Mul(online, OneMinus(ema))))
	}
}

// startTarget gives the target network, if there is one, the values of the online network.
func startTarget(store *model.Store) error {
	for v := range store.RootScope().At(targetScope).IterVariables() {
		if err := copyValue(v, onlineOf(store, v)); err != nil {
			return err
		}
	}
	return nil
}

// onlineOf returns the variable of the online network that a variable of the target network follows.
func onlineOf(store *model.Store, target *model.Variable) *model.Variable {
	// /target/encoder/… follows /encoder/…
	prefix := model.RootScopePath + targetScope + model.ScopeSeparator
	return store.GetVariable(model.RootScopePath + strings.TrimPrefix(target.Path(), prefix))
}

// copyValue sets a variable to a copy of the value of another.
func copyValue(to, from *model.Variable) error {
	value, err := from.Value()
	if err != nil {
		return err
	}
	if value, err = value.LocalClone(); err != nil {
		return err
	}
	return to.SetValue(value)
}
