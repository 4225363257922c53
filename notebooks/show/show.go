package show

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"os"
	"os/signal"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"

	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx/record"
)

// Check ends the cell, which fails with one sentence, where there is an error.
func Check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Must returns the value, unless there is an error: see Check.
func Must[T any](value T, err error) T {
	Check(err)
	return value
}

// Context ends when the cell is interrupted. What is being trained then saves a checkpoint.
func Context() context.Context {
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt)
	return ctx
}

// Figure shows a figure, or says that there is none where it is nil.
func Figure(f *plots.Figure, err error) {
	Check(err)
	if f == nil {
		fmt.Println("There are too few records to draw anything yet.")
		return
	}
	send(figure(f))
}

// figure has twice as many pixels as its width on a page: it is made for screens of double density.
func figure(f *plots.Figure) output {
	data := Must(f.PNG())
	return output{png: data, text: f.Alt, width: Must(png.DecodeConfig(bytes.NewReader(data))).Width / 2}
}

// PNG shows an image; text says what it shows.
func PNG(image []byte, text string) { send(output{png: image, text: text}) }

// Markdown shows a text.
func Markdown(text string) { send(output{markdown: text, text: text}) }

// Results shows a table of results.
func Results(results []record.Result) { Markdown(report.Results(results).Markdown()) }

// output is what a cell shows. An output with the id of an earlier one takes its place.
type output struct {
	id, text, markdown, html string
	png                      []byte
	width                    int // of the image, where it is not its own
}

// send shows an output, and returns when the notebook has it.
func send(o output) {
	if !gonbui.IsNotebook {
		fmt.Println(o.text)
		return
	}
	gonbui.SendData(o.data())
	gonbui.Sync()
}

func (o output) data() *protocol.DisplayData {
	data := map[protocol.MIMEType]any{protocol.MIMETextPlain: o.text}
	if o.markdown != "" {
		data[protocol.MIMETextMarkdown] = o.markdown
	}
	if o.html != "" {
		data[protocol.MIMETextHTML] = o.html
	}

	// Without a width, an image for screens of double density would be shown at twice its size.
	metadata := map[string]any{}
	if o.png != nil {
		data[protocol.MIMEImagePNG] = o.png
		if o.width > 0 {
			metadata[string(protocol.MIMEImagePNG)] = map[string]int{"width": o.width}
		}
	}

	return &protocol.DisplayData{Data: data, Metadata: metadata, DisplayID: o.id}
}
