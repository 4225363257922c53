package weights

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/sslx-go/lab/internal/safetensors"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder"
)

// tensorsOf are the tensors of a file by the names that torchvision and timm would give them.
type tensorsOf struct {
	named  map[string]safetensors.Info
	origin map[string]string // the name in the file
	others []string          // tensors of the file that are not below the prefix
}

// inventory returns the tensors of a file by their own names.
func inventory(file *safetensors.File) *tensorsOf {
	t := &tensorsOf{named: map[string]safetensors.Info{}, origin: map[string]string{}}
	for _, name := range file.Names() {
		t.named[name], _ = file.Info(name)
		t.origin[name] = name
	}
	return t
}

// original returns the name that a tensor has in the file.
func (t *tensorsOf) original(name string) string { return t.origin[name] }

// wrappers are the parts of which a prefix may consist, in the order of preference: what a method trains comes before
// the copies that follow it.
var wrappers = []string{"", "backbone", "encoder_q", "encoder", "base_encoder", "online_encoder", "online_network",
	"student", "student_backbone", "resnet", "vit", "net", "network", "model", "module", "f", "teacher"}

// anchors are tensors that every network of a family has, as [renamings] leave them.
var anchors = []string{"layer1.0.conv1.weight", "blocks.0.attn.qkv.weight", "patch_embed.proj.weight"}

// normalize gives the tensors below the prefix of an encoder the names of torchvision and timm, and sets the others
// apart. It returns the prefix.
func (t *tensorsOf) normalize() string {
	// A prefix is what stands before the name of an anchor.
	best, rank := "", -1
	for name := range t.named {
		for _, r := range renamings {
			for _, anchor := range r.anchors {
				prefix, ok := strings.CutSuffix(name, anchor)
				if at := rankOf(prefix); ok && at >= 0 && (rank < 0 || at < rank || at == rank && prefix < best) {
					best, rank = prefix, at
				}
			}
		}
	}
	if rank < 0 {
		return ""
	}

	below := &tensorsOf{named: map[string]safetensors.Info{}, origin: map[string]string{}}
	for name, info := range t.named {
		if rest, ok := strings.CutPrefix(name, best); ok {
			below.named[rest], below.origin[rest] = info, name
		} else {
			below.others = append(below.others, name)
		}
	}
	below.rename()
	*t = *below
	return best
}

// rankOf returns how much a prefix is preferred, 0 most, and -1 for what is no prefix of an encoder.
func rankOf(prefix string) (rank int) {
	for part := range strings.SplitSeq(strings.TrimSuffix(prefix, "."), ".") {
		at := slices.Index(wrappers, part)
		if at < 0 || prefix != "" && !strings.HasSuffix(prefix, ".") {
			return -1
		}
		rank += at
	}
	return rank
}

// renaming is how a library names the tensors of a family.
type renaming struct {
	// anchors are tensors that every network has in this library.
	anchors []string

	// rules replace names, the first that matches; a rule with an empty replacement for the whole name is none.
	rules []rule
}

type rule struct {
	pattern *regexp.Regexp
	to      string
}

func rules(pairs ...string) (all []rule) {
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, rule{regexp.MustCompile(pairs[i]), pairs[i+1]})
	}
	return all
}

// renamings cover the libraries that are known. The first is for torchvision's and timm's ResNets.
var renamings = []renaming{
	{anchors: []string{"layer1.0.conv1.weight", "blocks.0.attn.qkv.weight"},
		// lightly's and kuangliu's ResNets call a downsampling a shortcut.
		rules: rules(`^(layer\d+\.\d+)\.shortcut\.`, `$1.downsample.`)},

	// lightly's tutorials: nn.Sequential(*list(resnet.children())[:-1]) of its own ResNets, whose third child is the
	// first stage.
	{anchors: []string{"2.0.conv1.weight"}, rules: sequential(0, 1, 2)},

	// The same of torchvision's, which have an activation and a pooling before the stages.
	{anchors: []string{"4.0.conv1.weight"}, rules: sequential(0, 1, 4)},
}

// sequential returns the rules for a ResNet whose children have numbers.
func sequential(conv, norm, stages int) []rule {
	pairs := []string{fmt.Sprintf(`^%d\.`, conv), "conv1.", fmt.Sprintf(`^%d\.`, norm), "bn1."}
	for stage := range 4 {
		to := fmt.Sprintf("layer%d.$1.", stage+1)
		pairs = append(pairs, fmt.Sprintf(`^%d\.(\d+)\.shortcut\.`, stages+stage), to+"downsample.",
			fmt.Sprintf(`^%d\.(\d+)\.`, stages+stage), to)
	}
	return rules(pairs...)
}

// rename gives the tensors the names of torchvision's ResNets and timm's transformers.
func (t *tensorsOf) rename() {
	for _, r := range renamings {
		if !slices.ContainsFunc(r.anchors, func(a string) bool { _, ok := t.named[a]; return ok }) {
			continue
		}
		named, origin := map[string]safetensors.Info{}, map[string]string{}
		for name, info := range t.named {
			to := name
			for _, rule := range r.rules {
				if rule.pattern.MatchString(name) {
					to = rule.pattern.ReplaceAllString(name, rule.to)
					break
				}
			}
			named[to], origin[to] = info, t.origin[name]
		}
		t.named, t.origin = named, origin
		return
	}
}

// shape returns the dimensions of a tensor, nil when there is none.
func (t *tensorsOf) shape(name string) []int { return t.named[name].Shape }

// count returns how many blocks there are of a name with a number in it, such as layer1.%d.conv1.weight.
func (t *tensorsOf) count(format string) (n int) {
	for t.shape(fmt.Sprintf(format, n)) != nil {
		n++
	}
	return n
}

// channels returns the number of channels of images that the first tensor of an encoder takes, 3 where that cannot be
// told.
func (t *tensorsOf) channels(e encoder.Portable) int {
	for _, tensor := range e.Tensors(3) {
		if have := t.shape(tensor.Name); len(tensor.Dims) == 4 && len(have) == 4 {
			return have[1]
		}
	}
	return 3
}

// encoder returns the encoder that has these names and shapes.
func (t *tensorsOf) encoder() (encoder.Encoder, error) {
	for _, recognize := range []func(*tensorsOf) (encoder.Encoder, error){resNet, vit} {
		if e, err := recognize(t); e != nil || err != nil {
			return e, err
		}
	}

	var some []string
	for name := range t.named {
		some = append(some, name)
	}
	slices.Sort(some)
	return nil, usage.Errorf("the network is not known from its %d tensors (%s): a ResNet or a vision transformer "+
		"with the names of torchvision, timm or lightly is expected", len(some), listed(some))
}

// resNet recognizes the ResNet family.
func resNet(t *tensorsOf) (encoder.Encoder, error) {
	stem := t.shape("conv1.weight")
	if len(stem) != 4 || t.shape("layer1.0.conv1.weight") == nil {
		return nil, nil
	}

	// The number of blocks of each stage tells the network; three convolutions in a block are a bottleneck.
	var blocks []int
	for stage := 1; ; stage++ {
		n := t.count(fmt.Sprintf("layer%d.%%d.conv1.weight", stage))
		if n == 0 {
			break
		}
		blocks = append(blocks, n)
	}
	// A network's name counts the stem and the classifier too.
	layers := 2
	for _, n := range blocks {
		layers += 2 * n
		if t.shape("layer1.0.conv3.weight") != nil {
			layers += n
		}
	}

	var e encoder.Encoder = encoder.CIFARResNet{Layers: layers, Width: stem[0]}
	if len(blocks) > 3 {
		stems := map[int]string{3: encoder.StemCIFAR, 7: encoder.StemImageNet}
		e = encoder.ResNet{Layers: layers, Width: stem[0], Stem: stems[stem[2]]}
		if stems[stem[2]] == "" {
			return nil, usage.Errorf("the first convolution is %dx%d: ResNets have one of 3x3 or 7x7", stem[2], stem[3])
		}
	}
	return e, encoder.Check(e)
}

// vit recognizes vision transformers. All of timm's transformers of these widths have heads of 64 channels.
func vit(t *tensorsOf) (encoder.Encoder, error) {
	kernel, positions := t.shape("patch_embed.proj.weight"), t.shape("pos_embed")
	if len(kernel) != 4 || t.shape("blocks.0.attn.qkv.weight") == nil {
		return nil, nil
	}
	kinds := map[int]string{192: "tiny", 384: "small", 768: "base"}
	v := encoder.ViT{Kind: kinds[kernel[0]], Patch: kernel[2], Pool: encoder.PoolMean,
		Positions: encoder.PositionsLearned}
	if v.Kind == "" {
		return nil, usage.Errorf("the vision transformer has %d channels: 192, 384 and 768 are known", kernel[0])
	}
	if len(positions) != 3 {
		return nil, usage.Errorf("the vision transformer has no positions pos_embed [1, n, %d]", kernel[0])
	}

	// One position for each patch of a square image, and one for the class token.
	patches := positions[1]
	if t.shape("cls_token") != nil {
		v.Pool = encoder.PoolToken
		patches--
	}
	grid := int(math.Round(math.Sqrt(float64(patches))))
	v.ImageSize = grid * v.Patch
	if grid*grid != patches {
		return nil, usage.Errorf("the vision transformer has positions for %d patches: those of a square image are "+
			"needed", patches)
	}
	return v, encoder.Check(v)
}
