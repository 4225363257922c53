// Package report says what records hold, for people: tables (text, Markdown, CSV), figures, and HTML pages of a run
// and of the claims. The command, the notebooks and the documentation all take their numbers from here.
package report

import (
	"bytes"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/plots"
)

//go:embed *.html.tmpl
var templateFiles embed.FS

// templates are the pages, with the head, the style and the foot that they share.
var templates = template.Must(template.ParseFS(templateFiles, "*.html.tmpl"))

// writePage writes a page to path, whole or not at all.
func writePage(path, name string, content any) error {
	var buffer bytes.Buffer
	if err := templates.ExecuteTemplate(&buffer, name, content); err != nil {
		return err
	}

	// The whole page is made before the file is touched: an error leaves what is there.
	err := atomicfile.Write(path, func(w io.Writer) error { _, err := w.Write(buffer.Bytes()); return err })
	if err != nil {
		return fmt.Errorf("the report cannot be written to %s: %w", path, err)
	}
	return nil
}

// picture is an image of a page, which is part of the page's text.
type picture struct {
	URL template.URL
	Alt string
}

// picturing takes what a figure's function returns; no figure is no picture.
func picturing(f *plots.Figure, err error) (*picture, error) {
	if err != nil || f == nil {
		return nil, err
	}

	svg, err := f.SVG()
	if err != nil {
		return nil, err
	}
	return &picture{dataURL("image/svg+xml", svg), f.Alt}, nil
}

// sheetPicture returns a sheet of images as a picture; none where there is no sheet.
func sheetPicture(png []byte, alt string) *picture {
	if len(png) == 0 {
		return nil
	}
	return &picture{dataURL("image/png", png), alt}
}

func dataURL(kind string, content []byte) template.URL {
	return template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(content))
}
