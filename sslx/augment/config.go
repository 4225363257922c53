package augment

// Config describes how one view of an image is made: the operations below, in the order of their fields. An operation
// whose number is 0 is left out. Normalising comes after all of them, with the statistics of the data.
type Config struct {
	// Size is the height and width of a view in pixels; 0 means those of the images.
	Size int `yaml:"size" json:"size"`

	// SizeShare makes the view smaller, to this share of Size, in (0, 1]; 0 means 1. Local views have it.
	SizeShare float64 `yaml:"size_share,omitempty" json:"size_share,omitzero"`

	// Patch is the side in pixels of the square that is cut from an image before anything else.
	Patch int `yaml:"patch,omitempty" json:"patch,omitzero"`

	// PatchAt says where Patch lies: "" at random for each image, "center", or its corner in pixels as "top,left".
	PatchAt string `yaml:"patch_at,omitempty" json:"patch_at,omitzero"`

	// CropScale is the smallest share of the image's area that a resized crop keeps, in (0, 1]; 0 leaves the crop out.
	// Without a crop, an image or patch of another size is resized.
	CropScale float64 `yaml:"crop_scale" json:"crop_scale"`

	// CropScaleMax is the largest share, at least CropScale and at most 1; 0 means 1.
	CropScaleMax float64 `yaml:"crop_scale_max,omitempty" json:"crop_scale_max,omitzero"`

	// Flip is the probability of a horizontal flip.
	Flip float64 `yaml:"flip" json:"flip"`

	// VerticalFlip is the probability of a vertical flip.
	VerticalFlip float64 `yaml:"vertical_flip,omitempty" json:"vertical_flip,omitzero"`

	// Rotation is the largest angle in degrees, to either side, at most 180.
	Rotation float64 `yaml:"rotation,omitempty" json:"rotation,omitzero"`

	// Translation is the largest movement along either axis as a share of its size, at most 1.
	Translation float64 `yaml:"translation,omitempty" json:"translation,omitzero"`

	// Jitter is the strength of SimCLR's color jitter, applied with probability 0.8; at most 2.5.
	Jitter float64 `yaml:"jitter" json:"jitter"`

	// JitterSaturation is the jitter's range of saturation; 0 means 0.8·Jitter, as in SimCLR. BYOL has half of it.
	JitterSaturation float64 `yaml:"jitter_saturation,omitempty" json:"jitter_saturation,omitzero"`

	// Gray is the probability of grayscale.
	Gray float64 `yaml:"gray" json:"gray"`

	// Blur is the probability of a Gaussian blur with a standard deviation of 0.1 to 2 pixels.
	Blur float64 `yaml:"blur,omitempty" json:"blur,omitzero"`

	// BlurKernel is the height and width of its kernel in pixels, odd; 0 means a tenth of the view's, as in SimCLR, and
	// at least 3.
	BlurKernel int `yaml:"blur_kernel,omitempty" json:"blur_kernel,omitzero"`

	// BlurKernelWidth is the width of the kernel where it is not BlurKernel, odd.
	BlurKernelWidth int `yaml:"blur_kernel_width,omitempty" json:"blur_kernel_width,omitzero"`

	// Solarize is the probability of inverting the values of at least 128/255.
	Solarize float64 `yaml:"solarize,omitempty" json:"solarize,omitzero"`

	// Posterize is the probability of keeping 4 bits of each value.
	Posterize float64 `yaml:"posterize,omitempty" json:"posterize,omitzero"`

	// Erase is the probability of erasing a random rectangle of 0.02 to 0.33 of the area, to black.
	Erase float64 `yaml:"erase,omitempty" json:"erase,omitzero"`

	// Cutout is the side of the square that is cut out, to black, as a share of the view's shorter side, at most 1.
	Cutout float64 `yaml:"cutout,omitempty" json:"cutout,omitzero"`

	// Noise is the standard deviation of Gaussian noise, in units of the pixel range [0, 1].
	Noise float64 `yaml:"noise" json:"noise"`
}

// Thresholds and depths that a configuration does not vary.
const (
	solarizeThreshold = 128. / 255 // BYOL (Grill et al. 2020, https://arxiv.org/abs/2006.07733, appendix B) and FFCV-SSL
	posterizeBits     = 4          // the strongest of AutoAugment's (Cubuk et al. 2018, https://arxiv.org/abs/1805.09501)
)
