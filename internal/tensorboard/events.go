// Package tensorboard writes what TensorBoard reads: event files with scalars and images, and the files of its
// projector. The formats are TensorFlow's TFRecord files and tensorboard/compat/proto.
package tensorboard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/sslx-go/lab/internal/atomicfile"
)

// Scalar is a number of one step.
type Scalar struct {
	Tag   string
	Value float64
}

// WriteStart writes what an event file begins with. A reader that has events of an earlier file of the same folder
// drops them: this file holds all.
func WriteStart(w io.Writer, at time.Time) error {
	if err := writeEvent(w, at, 0, text(nil, eventFileVersion, "brain.Event:2")); err != nil {
		return err
	}
	session := number(nil, sessionStatus, sessionStart)
	return writeEvent(w, at, 0, message(nil, eventSession, session))
}

// WriteScalars writes the scalars of a step. They keep all 64 bits.
func WriteScalars(w io.Writer, at time.Time, step int, scalars []Scalar) error {
	var summary []byte
	for _, s := range scalars {
		tensor := number(nil, tensorType, typeDouble)
		tensor = message(tensor, tensorShape, nil)
		tensor = protowire.AppendTag(tensor, tensorDoubles, protowire.BytesType)
		tensor = protowire.AppendBytes(tensor, binary.LittleEndian.AppendUint64(nil, math.Float64bits(s.Value)))
		summary = message(summary, summaryValue, value(s.Tag, "scalars", classScalar, tensor))
	}
	return writeEvent(w, at, step, message(nil, eventSummary, summary))
}

// WriteImage writes a PNG image of a step.
func WriteImage(w io.Writer, at time.Time, step int, tag string, png []byte, width, height int) error {
	shape := message(nil, shapeDimension, number(nil, dimensionSize, 3))
	tensor := number(nil, tensorType, typeString)
	tensor = message(tensor, tensorShape, shape)
	for _, part := range [][]byte{[]byte(strconv.Itoa(width)), []byte(strconv.Itoa(height)), png} {
		tensor = message(tensor, tensorStrings, part)
	}
	summary := message(nil, summaryValue, value(tag, "images", classBlobs, tensor))
	return writeEvent(w, at, step, message(nil, eventSummary, summary))
}

// Fields and values of the messages Event, SessionLog, Summary, SummaryMetadata and Tensor.
const (
	eventWallTime    = 1
	eventStep        = 2
	eventFileVersion = 3
	eventSummary     = 5
	eventSession     = 7

	sessionStatus = 1
	sessionStart  = 1

	summaryValue   = 1
	valueTag       = 1
	valueTensor    = 8
	valueMetadata  = 9
	metadataPlugin = 1
	metadataClass  = 4
	pluginName     = 1
	classScalar    = 1
	classBlobs     = 3
	tensorType     = 1
	tensorShape    = 2
	tensorDoubles  = 6
	tensorStrings  = 8
	typeDouble     = 2
	typeString     = 7
	shapeDimension = 2
	dimensionSize  = 1
)

// value returns a value of a summary, and the plugin that shows it.
func value(tag, plugin string, class uint64, tensor []byte) []byte {
	metadata := message(nil, metadataPlugin, text(nil, pluginName, plugin))
	metadata = number(metadata, metadataClass, class)
	v := text(nil, valueTag, tag)
	v = message(v, valueTensor, tensor)
	return message(v, valueMetadata, metadata)
}

func number(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

func text(b []byte, field protowire.Number, v string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), v)
}

func message(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}

// writeEvent writes an event as one record: its length, the length's checksum, its bytes, their checksum.
func writeEvent(w io.Writer, at time.Time, step int, what []byte) error {
	event := protowire.AppendTag(nil, eventWallTime, protowire.Fixed64Type)
	event = protowire.AppendFixed64(event, math.Float64bits(float64(at.Unix())+float64(at.Nanosecond())/1e9))
	event = append(number(event, eventStep, uint64(step)), what...)

	// In one write, so that a reader seldom sees a part of it.
	record := binary.LittleEndian.AppendUint64(nil, uint64(len(event)))
	record = binary.LittleEndian.AppendUint32(record, masked(record))
	record = append(record, event...)
	record = binary.LittleEndian.AppendUint32(record, masked(event))
	_, err := w.Write(record)
	return err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked returns the checksum of TFRecord files, which may itself be part of what is summed.
func masked(b []byte) uint32 {
	sum := crc32.Checksum(b, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}

// TensorBoard reads the files of a folder in the order of their names, and knows them by a part of it.
const (
	filePrefix = "events.out.tfevents."
	fileSuffix = ".sslx"
)

// Files returns the event files of this package in a folder, the latest last.
func Files(dir string) (paths []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasPrefix(e.Name(), filePrefix) && strings.HasSuffix(e.Name(), fileSuffix) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, err
}

// Replace writes a new event file in dir, which begins with a start at the given time and what fill writes, and removes
// earlier ones of this package. A reader that follows the folder turns to the new file and drops what it had of the
// old ones.
func Replace(dir string, at time.Time, fill func(w io.Writer) error) (path string, err error) {
	old, err := Files(dir)
	if err != nil {
		return "", err
	}

	// The next number: readers do not return to a name that they have passed.
	n := 0
	if len(old) > 0 {
		name := strings.TrimSuffix(filepath.Base(old[len(old)-1]), fileSuffix)
		if last, err := strconv.Atoi(name[strings.LastIndexByte(name, '.')+1:]); err == nil {
			n = last + 1
		}
	}
	seconds := max(0, at.Unix())
	path = filepath.Join(dir, fmt.Sprintf("%s%010d.%06d%s", filePrefix, seconds, n, fileSuffix))
	err = atomicfile.Write(path, func(w io.Writer) error {
		if err := WriteStart(w, at); err != nil {
			return err
		}
		return fill(w)
	})
	if err != nil {
		return "", err
	}
	for _, p := range slices.DeleteFunc(old, func(p string) bool { return p == path }) {
		err = errors.Join(err, os.Remove(p))
	}
	return path, err
}
