// Command embed serves a page that shows the images of a data set that are most like an uploaded one. It needs an
// encoder (a run, safetensors or ONNX) and the features that "sslx embed" has written with it:
//
//	sslx embed runs/first cifar10 --out features.npy
//	go run github.com/sslx-go/lab/examples/embed -model runs/first -index features.npy
//
// It is built without cgo too (CGO_ENABLED=0), and then computes in pure Go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/embedding"
)

func main() {
	model := flag.String("model", "", "run folder, safetensors or ONNX file")
	index := flag.String("index", "", "file of features that was written with the model")
	layer := flag.String("layer", "", "layer of the model, as when the features were written")
	mean := flag.String("mean", "", "mean of each channel, for files that do not say it: 0.485,0.456,0.406")
	std := flag.String("std", "", "standard deviation of each channel, likewise")
	size := flag.Int("size", 0, "side of the images in pixels, for files that do not say it")
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	opt := sslx.LoadOptions{Layer: *layer, Size: *size, Mean: numbers(*mean), Std: numbers(*std)}
	if err := run(ctx, *addr, *model, *index, opt); err != nil {
		log.Fatal(err)
	}
}

// numbers reads numbers with commas between; what is no number becomes one that Load refuses.
func numbers(text string) (list []float64) {
	for part := range strings.SplitSeq(text, ",") {
		if text == "" {
			return nil
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil {
			v = -1
		}
		list = append(list, v)
	}
	return list
}

// run serves until ctx ends.
func run(ctx context.Context, addr, model, index string, opt sslx.LoadOptions) error {
	x, err := embedding.ReadIndex(index)
	if err != nil {
		return err
	}
	m, err := sslx.Load(ctx, model, opt)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	s, err := newServer(ctx, m, x)
	if err != nil {
		return err
	}

	// Slow clients do not hold the server.
	server := &http.Server{Addr: addr, Handler: s, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: time.Minute,
		WriteTimeout: 2 * time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 1 << 16}
	context.AfterFunc(ctx, func() {
		// ctx has ended: requests under way get some time of their own.
		last, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(last)
	})
	fmt.Printf("http://%s/ shows the neighbors among %d images of %s (%s)\n", addr, x.Info.Images, x.Info.Data,
		m.Backend())
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
