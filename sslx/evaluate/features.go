package evaluate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/record"
)

const (
	// featuresVersion is part of the key of cached features: it changes when the code that makes them does.
	featuresVersion = "2"

	// featureCacheLimit is the largest size of the features that are kept, in bytes.
	featureCacheLimit = 8 << 30
)

// featureCache is where features are kept; without a cache folder none are.
func featureCache() probe.Cache {
	dir, err := dataset.CacheDir()
	if err != nil {
		return probe.Cache{Dir: os.DevNull}
	}
	return probe.Cache{Dir: filepath.Join(dir, "features"), Limit: featureCacheLimit}
}

// layerFeatures is what a layer of a model makes of the images of a group.
type layerFeatures struct{ train, test probe.Features }

// features returns the train and test features of each layer of a model, from the cache where it has them.
func (s *session) features(ctx context.Context, m *model, g group) ([]layerFeatures, error) {
	if m.Network == nil {
		return pixelFeatures(g), nil
	}

	byLayer := map[string]layerFeatures{}
	for _, n := range m.networks {
		var wanted []string
		for _, layer := range m.layers {
			if m.networkOf(layer) == n {
				wanted = append(wanted, layer)
			}
		}

		train, err := s.encode(ctx, m, n, wanted, g.train, g)
		if err != nil {
			return nil, err
		}
		test, err := s.encode(ctx, m, n, wanted, g.test, g)
		if err != nil {
			return nil, err
		}

		for i, layer := range wanted {
			byLayer[layer] = layerFeatures{train[i], test[i]}
		}
	}

	// In the order that was asked for.
	all := make([]layerFeatures, len(m.layers))
	for i, layer := range m.layers {
		all[i] = byLayer[layer]
	}
	return all, nil
}

// encode returns the features of the images of a split for some layers of a network, one matrix a layer: all from the
// cache, or all made.
func (s *session) encode(ctx context.Context, m *model, n network, layers []string, p part,
	g group) ([]probe.Features, error) {
	// All layers of the program or none: one that is missing costs as much as all.
	cache := featureCache()
	keys, all := make([]string, len(layers)), make([]probe.Features, len(layers))
	complete := true
	for i, layer := range layers {
		var ok bool
		keys[i] = s.cacheKey(m, n, p, g, layer)
		all[i], ok = cache.Get(keys[i])
		all[i].Layer = layer
		complete = complete && ok && all[i].N == p.N
	}
	if complete {
		return all, nil
	}

	made, err := encode(ctx, n.Network, p.Images, func(done int) {
		s.opt.Report(fmt.Sprintf("%s features of %s on %s", p.name, m.Name, g.name), int64(done), int64(p.N), "")
	})
	if err != nil {
		return nil, err
	}

	for i, layer := range layers {
		all[i] = made[slices.Index(n.Layers(), layer)]
		if err := cache.Put(keys[i], all[i]); err != nil {
			s.opt.Warnf("features are not kept for the next time: %v", err)
		}
	}
	return all, nil
}

// cacheKey returns the name of features in the cache. Everything that decides their values is part of it: the network,
// what computes it, and the images.
func (s *session) cacheKey(m *model, n network, p part, g group, layer string) string {
	// A type's name is part of its text: encoders of other modules may have equal fields.
	mean, std := n.Stats()
	return probe.CacheKey(featuresVersion, n.frozen.Hash(), fmt.Sprint(mean, std),
		fmt.Sprintf("%T %+v", m.config.Encoder, m.config.Encoder), layer,
		s.handle.Name, s.handle.Device, s.handle.PluginPath, s.handle.PluginVersion,
		g.pixels, p.name, fmt.Sprint(p.Height, p.Width))
}

// encode returns the features of images, one matrix a layer of the network.
func encode(ctx context.Context, n *pretrain.Network, images dataset.Images,
	report func(done int)) ([]probe.Features, error) {
	x, err := n.Features(ctx, images, report)
	if err != nil {
		return nil, err
	}

	all := make([]probe.Features, len(x))
	for i, layer := range n.Layers() {
		all[i] = probe.Features{N: images.N, D: n.Width(layer), X: x[i], Layer: layer}
	}
	return all, nil
}

// pooledSide is the height and width to which pixels are averaged for the probes: 768 numbers an image, about as many
// as a representation has. On all 3,072 of a 32x32 image a linear probe takes minutes a task on two cores.
const pooledSide = 16

// LayerPooled names raw pixels that were averaged to 16x16; record.LayerPixels are all of them.
const LayerPooled = "pixels16x16"

// pixelFeatures returns the raw pixels of a group, all of them and averaged ones. Gray images, whose channels are
// equal, have one of them: cosines are the same, and take a third of the time.
func pixelFeatures(g group) []layerFeatures {
	channels := g.train.Depth()
	if isGray(g.train.Images) && isGray(g.test.Images) {
		channels = 1
	}

	// [images, height*width*channels], and [images, 16*16*channels] at most
	train, test := rawPixels(g.train.Images, channels), rawPixels(g.test.Images, channels)
	return []layerFeatures{{train, test}, {
		pool(train, g.train.Height, g.train.Width, channels, pooledSide),
		pool(test, g.test.Height, g.test.Width, channels, pooledSide),
	}}
}

// isGray reports whether the channels of every pixel are equal.
func isGray(images dataset.Images) bool {
	channels := images.Depth()
	for i := 0; i < len(images.Pixels); i += channels {
		for _, v := range images.Pixels[i+1 : i+channels] {
			if v != images.Pixels[i] {
				return false
			}
		}
	}
	return true
}

// rawPixels returns the first channels of the pixels of images, in [0, 1].
func rawPixels(images dataset.Images, channels int) probe.Features {
	all := images.Depth()
	x := make([]float32, 0, len(images.Pixels)/all*channels)
	for i := 0; i < len(images.Pixels); i += all {
		for _, v := range images.Pixels[i : i+channels] {
			x = append(x, float32(v)/255)
		}
	}
	return probe.Features{N: images.N, D: len(x) / images.N, X: x, Layer: record.LayerPixels}
}

// pool averages images of the given size and channels to at most side x side blocks, each of as many whole pixels as
// fit.
func pool(f probe.Features, height, width, channels, side int) probe.Features {
	// Blocks of whole pixels: what is left of the last rows and columns is cut off.
	rows, columns := min(side, height), min(side, width)
	blockHeight, blockWidth := height/rows, width/columns
	scale := 1 / float32(blockHeight*blockWidth)

	d := rows * columns * channels
	p := probe.Features{N: f.N, D: d, X: make([]float32, f.N*d), Layer: LayerPooled}
	for i := range f.N {
		from, to := f.Row(i), p.Row(i)
		for y := range rows * blockHeight {
			for x := range columns * blockWidth {
				for c := range channels {
					to[(y/blockHeight*columns+x/blockWidth)*channels+c] += scale * from[(y*width+x)*channels+c]
				}
			}
		}
	}
	return p
}
