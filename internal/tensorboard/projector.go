package tensorboard

import (
	"bufio"
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/sslx-go/lab/internal/atomicfile"
)

// Embedding is what the projector shows: a vector for each image.
type Embedding struct {
	Name          string
	Vectors       [][]float32 // all of one length
	Labels        []string    // of each vector; may be nil
	Images        [][]byte    // of each vector, uint8 [Height, Width, 3]
	Height, Width int
}

// Files of the projector in the folder of a run.
const (
	configName  = "projector_config.pbtxt"
	tensorsName = "embeddings.tsv"
	labelsName  = "labels.tsv"
	spriteName  = "sprite.png"
)

// Write writes the projector's files into dir, the one that names the others last.
func (e Embedding) Write(dir string) error {
	put := func(name string, fill func(io.Writer) error) error {
		return atomicfile.Write(filepath.Join(dir, name), fill)
	}
	err := put(tensorsName, func(w io.Writer) error {
		b := bufio.NewWriter(w)
		for _, vector := range e.Vectors {
			for i, v := range vector {
				if i > 0 {
					b.WriteByte('\t')
				}
				b.WriteString(strconv.FormatFloat(float64(v), 'g', -1, 32))
			}
			b.WriteByte('\n')
		}
		return b.Flush()
	})
	if err != nil {
		return err
	}

	config := fmt.Sprintf("embeddings {\n  tensor_name: %q\n  tensor_path: %q\n", e.Name, tensorsName)
	if e.Labels != nil {
		config += fmt.Sprintf("  metadata_path: %q\n", labelsName)
		clean := strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")
		err := put(labelsName, func(w io.Writer) error {
			b := bufio.NewWriter(w)
			for _, label := range e.Labels {
				b.WriteString(clean.Replace(label) + "\n")
			}
			return b.Flush()
		})
		if err != nil {
			return err
		}
	}

	sprite, err := e.sprite()
	if err != nil {
		return err
	}
	if err := put(spriteName, func(w io.Writer) error { _, err := w.Write(sprite); return err }); err != nil {
		return err
	}
	config += fmt.Sprintf("  sprite {\n    image_path: %q\n    single_image_dim: %d\n    "+
		"single_image_dim: %d\n  }\n}\n", spriteName, e.Width, e.Height)
	return put(configName, func(w io.Writer) error { _, err := io.WriteString(w, config); return err })
}

// sprite returns one PNG image of all images, row by row in a square.
func (e Embedding) sprite() ([]byte, error) {
	// TensorBoard reads the sheet as a square that is filled row by row.
	columns := int(math.Ceil(math.Sqrt(float64(len(e.Images)))))
	sheet := image.NewRGBA(image.Rect(0, 0, max(1, columns*e.Width), max(1, columns*e.Height)))
	for n, pixels := range e.Images {
		one := image.NewRGBA(image.Rect(0, 0, e.Width, e.Height))
		for i := range e.Width * e.Height {
			copy(one.Pix[4*i:], pixels[3*i:3*i+3])
			one.Pix[4*i+3] = 0xff
		}
		at := image.Pt(n%columns*e.Width, n/columns*e.Height)
		draw.Draw(sheet, one.Bounds().Add(at), one, image.Point{}, draw.Src)
	}
	var b bytes.Buffer
	err := png.Encode(&b, sheet)
	return b.Bytes(), err
}
