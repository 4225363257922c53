package plots

import (
	"bytes"
	"image/color"
	"io"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/usage"
)

// pngDPI makes PNG figures sharp on a screen of double density: two pixels for each of CSS.
const pngDPI = 192

// margin is the white space around a figure.
const margin = vg.Length(8)

// Figure is a drawing that can be written as PNG or SVG.
type Figure struct {
	// Alt says in words what the figure shows, its main numbers included.
	Alt string

	width, height vg.Length
	draw          func(c draw.Canvas)
}

// PNG returns the figure as a PNG image at 192 dots an inch.
func (f *Figure) PNG() ([]byte, error) {
	c := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(f.width, f.height), vgimg.UseDPI(pngDPI))}
	return f.render(c, c)
}

// SVG returns the figure as an SVG document. Text stays text; where Liberation Sans is not installed, the viewer takes
// Arial or Helvetica, which have the same widths.
func (f *Figure) SVG() ([]byte, error) {
	c := vgsvg.New(f.width, f.height)
	out, err := f.render(c, c)
	return bytes.ReplaceAll(out, []byte("font-family:Liberation Sans;"),
		[]byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif;")), err
}

// Save writes the figure to path, whole or not at all, as the ending says: .png or .svg.
func (f *Figure) Save(path string) error {
	encode := f.PNG
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".png":
	case ".svg":
		encode = f.SVG
	default:
		return usage.Errorf("cannot save a figure as %s: the name must end in .png or .svg", path)
	}
	out, err := encode()
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error { _, err := w.Write(out); return err })
}

func (f *Figure) render(c vg.CanvasSizer, out io.WriterTo) ([]byte, error) {
	dc := draw.New(c)
	dc.SetColor(color.White)
	dc.Fill(dc.Path())
	f.draw(draw.Crop(dc, margin, -margin, margin, -margin))
	var buffer bytes.Buffer
	_, err := out.WriteTo(&buffer)
	return buffer.Bytes(), err
}
