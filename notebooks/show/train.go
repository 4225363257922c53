package show

import (
	"fmt"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/internal/open"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/record"
)

// Folder returns the folder of the run of a configuration: another one for each, and for other data under the same
// name.
func Folder(c sslx.Config) string {
	dir, err := folder(c)
	Check(err)
	return dir
}

func folder(c sslx.Config) (dir string, err error) {
	set, err := open.Data(Context(), c.Data, c.Size, "", sslx.Options{})
	if err != nil {
		return "", err
	}
	key := experiments.Trial{Config: c}.Key(set.Fingerprint())
	return Runs("notebook", key), set.Close()
}

// Pretrain trains an encoder, shows its curves as they grow, and returns the folder of the run. What was trained
// before is not trained again. The cell fails when the folder holds a run of another configuration or of other data.
func Pretrain(c sslx.Config) (dir string) {
	dir = Folder(c)
	live := Training(dir)

	// A run that is there is resumed; one that is finished has nothing left to train.
	train := func() (sslx.Summary, error) { return sslx.Pretrain(Context(), dir, c, live.Options()) }
	if record.IsRun(dir) {
		Check(namedByItsRecords(dir))
		train = func() (sslx.Summary, error) { return sslx.Resume(Context(), dir, live.Options()) }
	}

	Must(train())
	live.Done("trained")
	return dir
}

// namedByItsRecords returns an error unless the run in dir is the one that the folder is named by: the key of its
// records has to be the folder's.
func namedByItsRecords(dir string) error {
	var kept sslx.Config
	if err := record.ReadConfig(dir, &kept); err != nil {
		return err
	}

	environment, err := record.ReadEnvironment(dir)
	if err != nil {
		return err
	}

	// The key covers the configuration and the fingerprint of the data.
	if key := (experiments.Trial{Config: kept}).Key(environment.Fingerprint); key != record.Name(dir) {
		return fmt.Errorf("run folder %s holds another configuration or other data than its name says: move it away, "+
			"and run the cell again", dir)
	}
	return nil
}

// Views shows images from all over the configuration's data, and the views that training makes of them in its first
// epoch.
func Views(c sslx.Config, n int) {
	ctx := Context()
	set := Must(open.Data(ctx, c.Data, c.Size, "", sslx.Options{}))
	defer func() { Check(set.Close()) }()
	train := Must(set.Split("train"))

	compute := Must(backend.Open(ctx, backend.Options{}))
	defer compute.Close()
	some := train.Spread(n)
	views := Must(c.Views.Show(compute.Backend, train.Images, some, c.Seed, 1))

	// A row of the sheet is an image and its views.
	titles, columns := []string{"image"}, [][][]byte{split(train.Pick(some))}
	for _, view := range views {
		titles, columns = append(titles, "view"), append(columns, split(view))
	}
	PNG(Must(plots.ViewSheet(set.Height(), set.Width(), titles, columns...)),
		"Images of "+set.Name()+" and their views.")
}

// split returns each of some images in RGB.
func split(images dataset.Images) (each [][]byte) {
	images = images.RGB()
	for i := range images.N {
		each = append(each, images.At(i))
	}
	return each
}

// Gallery shows what the encoder of a run finds alike: test images, each with its nearest neighbors; a map of test
// images by the first two principal components of their representations; and how much of the variance the first ones
// hold.
func Gallery(dir string) {
	g := Must(sslx.Illustrate(Context(), dir, sslx.Options{}))
	PNG(Must(report.NeighborSheet(g)), "Test images with their nearest neighbors; a tick has the same "+g.Task+".")
	PNG(Must(report.ComponentMap(g)), "Test images by the first two principal components of their representations.")
	Figure(plots.Spectrum(g.Spectrum))
}
