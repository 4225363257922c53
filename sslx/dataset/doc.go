// Package dataset turns images from many sources into one packed, checksummed, memory-mapped file, and opens it.
//
// # Sources
//
// [Import] reads each of these, as a folder or as a .zip or a .tar of one, plain or packed by gzip, xz or bzip2
// (archives are read, never extracted):
//
//   - An image folder: images alone, which are a set without labels; or one folder a class, as torchvision's
//     ImageFolder and Keras know it, classes numbered in sorted order of their names. Folders of splits (train, val,
//     test and usual synonyms, in any case) may stand above, and single folders around everything are ignored, as is
//     litter of systems. A .csv or .tsv file may have the labels instead. What can be read in two ways is an error;
//     [ImportOptions] decide it. Without test and val, a part of train is cut as test. A file fine_to_coarse.txt (one
//     "class superclass" pair a line) makes two tasks, "fine" and "coarse". docs/data.md has a table of it all.
//   - The official binary archives of CIFAR-10 (task "class") and CIFAR-100 (tasks "fine" and "coarse"),
//     https://www.cs.toronto.edu/~kriz/cifar.html.
//   - The four idx files of the MNIST family, plain or gzipped. [Get] fetches MNIST, Fashion-MNIST and CIFAR;
//     [Locate] also finds the Fashion-MNIST that Debian's package dataset-fashion-mnist installs.
//   - Parquet files as hubs serve them, WebDataset shards and .beton files of FFCV, one or a folder of them, with their
//     splits in their names; the binary files of STL-10. docs/data.md says what is read of each.
//   - Whatever a [Format] reads that was added with [Register].
//   - The generated set [FactorsName]: see [Factors].
//
// Files of two sets in one source are an error that names both; they are never mixed.
//
// # Pixels
//
// Pixels are bytes, channels last: RGB, unless a TIFF, a NumPy file or a [Format] gives another number of channels, 1
// to [MaxChannels]. Gray is replicated to three channels, unless [ImportOptions.Channels] asks for one. Alpha is
// dropped: the stored color of a pixel is kept, however transparent it is, as PIL's convert("RGB") does. 16-bit
// channels keep their high byte, unless [ImportOptions.Range] says otherwise. Palettes are looked up. Images are turned
// upright as their EXIF data say. What a file is, its first bytes tell and not its name: JPEG, PNG, WebP, GIF and BMP
// give the pixels that PIL gives, bit for bit; docs/data.md has a table of all formats.
//
// A JPEG image that will be made much smaller is decoded at 1/2, 1/4 or 1/8 of its size, as long as its short side
// stays half as long again as it will be. Its pixels then are the means of squares.
//
// Without a size, images keep their own, which must be the same for all. With a size S, the short side is brought to
// S by antialiased bilinear interpolation and the S x S center is cut out, as torchvision's Resize(S) and
// CenterCrop(S) do.
//
// # Packs
//
// A pack is one file, CACHE/packs/NAME-HxW-HOW-SOURCE.sslx, or NAME-HxWxC-… with C channels
// where they are not 3. HOW is "native" (own size) or "short-crop" (resized as
// above). SOURCE is the start of the SHA-256 of the source's absolute path, 8 hexadecimal digits: two sources never
// share a pack. CACHE is $SSLX_CACHE, or the folder sslx in [os.UserCacheDir]. A pack starts with 8 bytes
// "SSLXPACK", the format version and the header's length (little-endian uint32 each) and the header's SHA-256; then a
// JSON header, the labels (int32, little-endian) and the pixels of each split, each section at a multiple of 4096 bytes
// and with its own SHA-256 in the header. Images stand in the order of torchvision, whatever the order in the archive,
// so that a folder and an archive of it have the same fingerprint.
//
// A pack appears whole or not at all. Processes that import the same name at once wait for each other at
// CACHE/packs/.NAME.lock, which stays there; opening a pack writes nothing. A name means the source that was imported
// last under it. A fingerprint means the same images for ever: [LocateOptions] takes the one that a record has.
//
// # Limits
//
// Sources may be hostile. [ImportOptions] bounds the pixels of an image, the bytes of a file and of what an archive
// unpacks to, and the memory of all images in work; a JPEG has 100 scans at most. An import ends soon after its
// context, even inside an image, and leaves nothing behind.
//
// # Batches ahead of their use
//
// A [Loader] prepares batches on several goroutines while the caller works on one: from a pack ([Split]), of which only
// the pages in use take memory, or from the files of an image folder ([Folder]), decoded and brought to
// size at each use. Both give the same bytes. A pack is read hundreds of times as fast as files are decoded; a folder
// needs no import and no room on the disk.
package dataset
