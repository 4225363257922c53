package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/png"
	"io"
	"log"
	"net/http"
	"strings"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/embedding"
)

const (
	shown     = 12      // neighbors of an upload
	maxUpload = 8 << 20 // bytes of a request
	maxAtOnce = 2       // uploads that are decoded and embedded at the same time
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// server answers GET / with the page, and POST / with the page and the neighbors of the uploaded image. A model is safe
// for several goroutines; the slots bound the memory that large images take.
type server struct {
	model *sslx.Model
	index *embedding.Index
	slots chan struct{}
}

// newServer returns a usage error when the index was not written with the model, or when its images are not here.
func newServer(ctx context.Context, m *sslx.Model, x *embedding.Index) (*server, error) {
	if err := x.Check(m); err != nil {
		return nil, err
	}
	if _, err := x.Images(ctx, []int{0}, sslx.Options{}); err != nil {
		return nil, err
	}
	return &server{model: m, index: x, slots: make(chan struct{}, maxAtOnce)}, nil
}

// page is what the template shows.
type page struct {
	Model, Data string
	Images      int
	Query       template.URL // of the uploaded image, as the model sees it
	Found       []neighbor
	Problem     string
}

type neighbor struct {
	Picture    template.URL
	Similarity float64
	Label      string
	Name       string
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The page needs no script, and nothing from elsewhere.
	w.Header().Set("Content-Security-Policy",
		"default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	p := page{Model: s.model.Name(), Data: s.index.Info.Data, Images: s.index.Info.Images}
	status := http.StatusOK

	switch {
	case r.URL.Path != "/":
		http.NotFound(w, r)
		return
	case r.Method == http.MethodPost:
		status = s.answer(w, r, &p)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD, POST")
		http.Error(w, "only GET and POST", http.StatusMethodNotAllowed)
		return
	}

	// Into memory first, so that an error can still set the status.
	var body bytes.Buffer
	if err := pageTemplate.Execute(&body, p); err != nil {
		log.Print(err)
		http.Error(w, "the page cannot be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w)
}

// answer adds the neighbors of an upload to the page, or what is wrong with it, and returns the status.
func (s *server) answer(w http.ResponseWriter, r *http.Request, p *page) int {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-r.Context().Done():
		return http.StatusServiceUnavailable
	}

	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	file, err := upload(r)
	if err == nil {
		err = s.search(r.Context(), file, p)
	}

	tooLarge := new(http.MaxBytesError)
	switch {
	case err == nil:
		return http.StatusOK
	case errors.As(err, &tooLarge):
		p.Problem = "The file is larger than 8 MiB."
		return http.StatusRequestEntityTooLarge
	case sslx.IsUsage(err) || errors.Is(err, errNoFile):
		p.Problem = err.Error()
		return http.StatusBadRequest
	}
	log.Print(err)
	p.Problem = "The image could not be searched for."
	return http.StatusInternalServerError
}

var errNoFile = errors.New("choose an image file")

// upload returns the file of a form, which is read in a stream: no temporary file is made of it.
func upload(r *http.Request) (io.Reader, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, errNoFile
	}
	for {
		part, err := parts.NextPart()
		switch tooLarge := new(http.MaxBytesError); {
		case errors.As(err, &tooLarge):
			return nil, err
		case err != nil:
			return nil, errNoFile
		case part.FormName() == "image" && part.FileName() != "":
			return part, nil
		}
	}
}

// search embeds an image file and adds the most similar images of the index to the page.
func (s *server) search(ctx context.Context, file io.Reader, p *page) error {
	size, _ := s.model.Size()
	query, err := dataset.DecodeImage(ctx, file, size)
	if err != nil {
		return err
	}
	features, err := s.model.EmbedImages(ctx, query)
	if err != nil {
		return err
	}
	found, err := s.index.Nearest(features.Row(0), shown)
	if err != nil {
		return err
	}

	var rows []int
	for _, n := range found {
		rows = append(rows, n.Row)
	}
	images, err := s.index.Images(ctx, rows, sslx.Options{})
	if err != nil {
		return fmt.Errorf("the images of the index cannot be read: %v", err) // no mistake of who uploads
	}

	if p.Query, err = picture(query, 0); err != nil {
		return err
	}
	for i, n := range found {
		row := s.index.Rows[n.Row]
		url, err := picture(images, i)
		if err != nil {
			return err
		}
		p.Found = append(p.Found, neighbor{url, n.Similarity, strings.Join(row.Labels, ", "), row.Name})
	}
	return nil
}

// picture returns an image as a PNG in a data URL.
func picture(images dataset.Images, i int) (template.URL, error) {
	rgb := images.RGB()
	img := image.NewNRGBA(image.Rect(0, 0, rgb.Width, rgb.Height))
	for at := range rgb.Width * rgb.Height {
		v := rgb.At(i)[3*at:]
		img.SetNRGBA(at%rgb.Width, at/rgb.Width, color.NRGBA{v[0], v[1], v[2], 255})
	}
	var file bytes.Buffer
	err := png.Encode(&file, img)
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(file.Bytes())), err
}
