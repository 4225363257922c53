package dataset

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

// stripes is a plan of n images of random bytes with any number of channels, and their pixels.
func stripes(n, height, width, channels int) (*Plan, []byte) {
	pixels := make([]byte, n*height*width*channels)
	for i := range pixels {
		pixels[i] = byte(i * 37 % 251)
	}
	p := &Plan{Tasks: []Task{{"class", []string{"a", "b"}}}, Splits: []SplitCount{{"train", n}}, Height: height,
		Width: width, Channels: channels}
	p.Items = func(_ context.Context, emit func(Item) error) error {
		for i := range n {
			stride := len(pixels) / n
			it := Item{Position: i, Data: pixels[i*stride:][:stride], Labels: []int32{int32(i % 2)}}
			if err := emit(it); err != nil {
				return err
			}
		}
		return nil
	}
	return p, pixels
}

// packed packs a plan as an import does.
func packed(t *testing.T, p *Plan, opt ImportOptions) (*Set, error) {
	t.Helper()
	opt, err := opt.check()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.check(); err != nil {
		t.Fatal(err)
	}
	how, rule := resizeRule(opt.Size)
	h := &header{Name: "stripes", How: how, Resize: rule}
	path, err := writeSet(t.Context(), t.TempDir(), "stripes", p, h, opt)
	if err != nil {
		return nil, err
	}
	return opened(t, path), Verify(path)
}

func TestRaster_FiveChannelsArePackedReadAndLoaded(t *testing.T) {
	p, pixels := stripes(4, 3, 2, 5)
	set, err := packed(t, p, ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	train, _ := split(t, set, "train")
	if set.Channels() != 5 || train.Channels != 5 || !bytes.Equal(train.Pixels, pixels) {
		t.Errorf("%d channels, pixels %v", set.Channels(), train.Pixels)
	}
	mean, std := set.Stats()
	if len(mean) != 5 || len(std) != 5 {
		t.Errorf("statistics of %d and %d channels", len(mean), len(std))
	}
	var sum float64
	for i := 2; i < len(pixels); i += 5 {
		sum += float64(pixels[i]) / 255
	}
	if want := sum / 24; mean[2] < want-1e-12 || mean[2] > want+1e-12 {
		t.Errorf("the third channel has mean %v, not %v", mean[2], want)
	}
	if base := filepath.Base(set.Path()); base != "stripes-3x2x5-native.sslx" {
		t.Errorf("the file is %s", base)
	}

	loader := NewLoader(t.Context(), train, slices.Values([][]int{{3, 1}}), LoaderOptions{Workers: 1})
	defer loader.Close()
	batch, _, err := loader.Next()
	if err != nil || batch.Depth() != 5 || !bytes.Equal(batch.At(0), train.At(3)) || batch.Check() != nil {
		t.Errorf("a batch of %d channels: %v", batch.Depth(), err)
	}
}

func TestRaster_IsResizedChannelByChannelAsColorIs(t *testing.T) {
	p, pixels := stripes(1, 9, 14, 5)
	set, err := packed(t, p, ImportOptions{Size: 4})
	if err != nil {
		t.Fatal(err)
	}
	train, _ := split(t, set, "train")

	// The last three channels by themselves, as color.
	last := make([]byte, 0, 9*14*3)
	for i := 0; i < len(pixels); i += 5 {
		last = append(last, pixels[i+2:i+5]...)
	}
	img, err := fromRGB(last, 9, 14)
	if err != nil {
		t.Fatal(err)
	}
	if img, err = shortCrop(img, 4, defaultMaxPixels); err != nil {
		t.Fatal(err)
	}
	want := appendRGB(nil, img)
	for i := range 16 {
		if got := train.At(0)[i*5+2 : i*5+5]; !bytes.Equal(got, want[i*3:][:3]) {
			t.Fatalf("pixel %d is %v, as color it is %v", i, got, want[i*3:][:3])
		}
	}
}

func TestRaster_OnlyGrayAndColorBecomeEachOther(t *testing.T) {
	for _, c := range []struct {
		from, to int
		says     string
	}{
		{5, 3, "it has 5 channels instead of 3"}, {2, 1, "it has 2 channels instead of 1"},
		{3, 4, "it has 3 channels instead of 4"},
	} {
		p, _ := stripes(1, 2, 2, c.from)
		if _, err := packed(t, p, ImportOptions{Channels: c.to}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%d channels as %d: %v", c.from, c.to, err)
		}
	}

	p, pixels := stripes(1, 2, 2, 1)
	set, err := packed(t, p, ImportOptions{Channels: 3})
	if err != nil {
		t.Fatal(err)
	}
	train, _ := split(t, set, "train")
	if v := pixels[1]; set.Channels() != 3 || !bytes.Equal(train.Pixels[3:6], []byte{v, v, v}) {
		t.Errorf("gray as color is %v", train.Pixels)
	}
}

func TestImport_GrayKeepsItsBytesInOneChannelAndThreeByDefault(t *testing.T) {
	cache, source := t.TempDir(), animals(t).folder(t, "set")
	color, _ := imported(t, source, ImportOptions{Cache: cache})
	one, report := imported(t, source, ImportOptions{Cache: cache, Channels: 1})
	train, _ := split(t, one, "train")
	if color.Channels() != 3 || one.Channels() != 1 || report.Channels != 1 || train.At(1)[0] != 20 {
		t.Errorf("%d and %d channels, pixels %v", color.Channels(), one.Channels(), train.Pixels[:20])
	}
	for _, channels := range []int{0, 1, 3} {
		if _, report := imported(t, source, ImportOptions{Cache: cache, Channels: channels}); !report.Reused {
			t.Errorf("with %d channels it was imported again", channels)
		}
	}
}

func TestLocate_TakesThePackOfTheWantedChannels(t *testing.T) {
	cache, source := t.TempDir(), animals(t).folder(t, "set")
	imported(t, source, ImportOptions{Cache: cache, Channels: 1})
	for _, c := range []struct{ wanted, got int }{{0, 1}, {1, 1}, {3, 3}} {
		set, err := Locate(t.Context(), "set", LocateOptions{Cache: cache, Channels: c.wanted})
		if err != nil {
			t.Fatal(err)
		}
		if set.Channels() != c.got {
			t.Errorf("asked for %d, got %d channels", c.wanted, set.Channels())
		}
		if err := set.Close(); err != nil {
			t.Fatal(err)
		}
	}

	// A size is made of the pack of the same channels.
	set, err := Locate(t.Context(), "set", LocateOptions{Cache: cache, Channels: 1, Size: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	if !set.header.Converted || set.Channels() != 1 || set.Height() != 2 {
		t.Errorf("%dx%d of %d channels", set.Height(), set.Width(), set.Channels())
	}
}

func TestImages_AreShownAsColorOrGray(t *testing.T) {
	for channels, want := range map[int][]byte{1: {1, 1, 1, 2, 2, 2}, 2: {1, 1, 1, 3, 3, 3}, 3: {1, 2, 3, 4, 5, 6},
		4: {1, 2, 3, 5, 6, 7}} {
		im := Images{Pixels: []byte{1, 2, 3, 4, 5, 6, 7, 8}[:2*channels], N: 1, Height: 1, Width: 2, Channels: channels}
		if got := im.RGB(); !bytes.Equal(got.Pixels, want) || got.Check() != nil {
			t.Errorf("%d channels are shown as %v", channels, got.Pixels)
		}
	}
	r := &Raster{[]byte{1, 2, 3, 4}, 1, 1, 4}
	if red, green, _, _ := image.Image(r).At(0, 0).RGBA(); red != 0x101 || green != 0x202 {
		t.Errorf("a raster shows %d, %d", red, green)
	}
}

func TestPack_OfOtherChannelsHasItsOwnVersion(t *testing.T) {
	p, _ := stripes(2, 3, 2, 5)
	set, err := packed(t, p, ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(set.Path())
	if err != nil {
		t.Fatal(err)
	}
	if v := binary.LittleEndian.Uint32(whole[8:]); v != channelsVersion {
		t.Errorf("version %d", v)
	}

	// A header that says another number of channels is never believed.
	for _, channels := range []int{-1, 3, 6, 17} {
		h := set.header
		h.Channels = channels
		path := filepath.Join(t.TempDir(), "x.sslx")
		writeHeader(t, set, &h, path)
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "contradicts itself") {
			t.Errorf("%d channels: %v", channels, err)
		}
	}
	if _, _, err := Import(t.Context(), t.TempDir(), ImportOptions{Channels: 17}); !usage.Is(err) {
		t.Errorf("17 channels asked for: %v", err)
	}
}
