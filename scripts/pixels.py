#!/usr/bin/env python3
"""Writes image files of many kinds, and the pixels that Pillow reads from each, for the tests of
sslx/dataset/internal/pixels. Run by hand, in an environment of
    pip install pillow==13.0.0 pillow-heif==1.8.1 numpy==2.4.6

    scripts/pixels.py OUT [SET.tar.gz ...]
    SSLX_PIXELS=OUT go test ./sslx/dataset/internal/pixels -run Pillow -v

OUT/list.tsv has a line for each file: group, name, width, height. The pixels of NAME are in NAME.rgb. Of each SET, an
archive of images, 25 are encoded again. With --small FILE, small ones are written to the FILE of the committed test:
group, width, height, SHA-256 of the pixels, content in base64.
"""
import argparse, base64, hashlib, io, os, tarfile, warnings
import numpy as np
from PIL import Image, ImageOps
import pillow_heif

pillow_heif.register_heif_opener()
warnings.simplefilter("ignore")
rng = np.random.default_rng(7)


def natural(h, w):
    """Noise of all scales, with the correlated colors of photographs."""
    f = np.sqrt(np.add.outer(np.fft.fftfreq(h) ** 2, np.fft.fftfreq(w) ** 2))
    f[0, 0] = 1 / max(h, w)
    a = np.dstack([np.real(np.fft.ifft2(np.fft.fft2(rng.normal(size=(h, w))) / f)) for _ in range(3)])
    a = a @ np.array([[1, .25, .1], [.9, -.1, -.2], [.9, -.25, .2]]).T
    return np.clip((a - a.mean()) / max(a.std(), 1e-9) * 45 + 120, 0, 255).astype(np.uint8)


def art(h, w):
    """Rectangles of saturated colors: the hardest case for chroma."""
    a = np.full((h, w, 3), 255, np.uint8)
    for _ in range(40):
        y, x = rng.integers(0, h), rng.integers(0, w)
        a[y:y + rng.integers(1, max(2, h // 3)), x:x + rng.integers(1, max(2, w // 3))] = rng.integers(0, 256, 3)
    return a


def kinds(rgb, alpha):
    """Yields (group, suffix, format, image, arguments) for one picture."""
    img, gray = Image.fromarray(rgb), Image.fromarray(rgb).convert("L")
    for q in (30, 75, 95):
        for ss, name in ((0, "444"), (1, "422"), (2, "420")):
            for prog in (False, True):
                kind = "progressive" if prog else "baseline"
                args = dict(quality=q, subsampling=ss, progressive=prog)
                yield f"JPEG {name} {kind}", f"q{q}.jpg", "JPEG", img, args
    yield "JPEG 420 restarts", "rst.jpg", "JPEG", img, dict(quality=85, subsampling=2, restart_marker_blocks=2)
    yield "JPEG gray", "gray.jpg", "JPEG", gray, dict(quality=85)
    yield "JPEG CMYK (Adobe)", "cmyk.jpg", "JPEG", img.convert("CMYK"), dict(quality=90)
    for o in range(2, 9):
        e = Image.Exif()
        e[0x112] = o
        yield "JPEG turned", f"exif{o}.jpg", "JPEG", img, dict(quality=95, exif=e)
        yield "AVIF turned", f"exif{o}.avif", "AVIF", img, dict(quality=90, exif=e)
    e = Image.Exif()
    e[0x112] = 6
    yield "PNG turned", "exif6.png", "PNG", img, dict(exif=e)
    yield "WebP turned", "exif6.webp", "WEBP", img, dict(exif=e, lossless=True)
    yield "TIFF turned", "exif6.tif", "TIFF", img, dict(tiffinfo={0x112: 6})
    yield "HEIC turned", "exif6.heic", "HEIF", img, dict(exif=e, quality=90)
    rgba = Image.fromarray(np.dstack([rgb, alpha]))
    deep = (np.asarray(gray).astype(np.uint16) << 8) + np.arange(gray.width, dtype=np.uint16)
    for name, im in {"1": gray.convert("1"), "L": gray, "LA": rgba.convert("LA"), "P": img.quantize(16), "RGB": img,
                     "RGBA": rgba}.items():
        yield f"PNG {name}", f"{name}.png", "PNG", im, {}
    yield "PNG P", "trns.png", "PNG", img.quantize(16), dict(transparency=3)
    yield "PNG I;16", "deep.png", "PNG", Image.fromarray(deep), {}
    for q in (40, 90):
        yield "WebP lossy", f"q{q}.webp", "WEBP", img, dict(quality=q)
    yield "WebP lossy, alpha", "alpha.webp", "WEBP", rgba, dict(quality=80)
    yield "WebP lossless", "lossless.webp", "WEBP", img, dict(lossless=True)
    yield "WebP lossless", "losslessalpha.webp", "WEBP", rgba, dict(lossless=True, exact=True)
    yield "WebP animated", "anim.webp", "WEBP", img, dict(save_all=True, lossless=True,
                                                          append_images=[ImageOps.invert(img)])
    yield "GIF", "a.gif", "GIF", img.quantize(64), {}
    yield "GIF", "interlaced.gif", "GIF", gray, dict(interlace=1)
    yield "GIF animated", "anim.gif", "GIF", img.quantize(64), dict(save_all=True,
                                                                   append_images=[ImageOps.invert(img).quantize(64)])
    for name, im in {"1": gray.convert("1"), "L": gray, "P": img.quantize(200), "RGB": img, "RGBA": rgba}.items():
        yield f"BMP {name}", f"{name}.bmp", "BMP", im, {}
    for name, im in {"1": gray.convert("1"), "L": gray, "P": img.quantize(200), "RGB": img, "RGBA": rgba}.items():
        for c in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits"):
            yield f"TIFF {name}", f"{name}.{c}.tif", "TIFF", im, dict(compression=c)
    yield "TIFF 1", "g4.tif", "TIFF", gray.convert("1"), dict(compression="group4")
    yield "TIFF I;16", "deep.tif", "TIFF", Image.fromarray(deep), {}
    yield "TIFF CMYK", "cmyk.tif", "TIFF", img.convert("CMYK"), {}
    yield "TIFF of JPEG", "jpeg.tif", "TIFF", img, dict(compression="jpeg")
    for ss in ("4:4:4", "4:2:2", "4:2:0"):
        yield f"AVIF {ss}", f"{ss.replace(':', '')}.avif", "AVIF", img, dict(quality=80, subsampling=ss)
    yield "AVIF alpha", "alpha.avif", "AVIF", rgba, dict(quality=90, subsampling="4:4:4")
    for ss in ("444", "420"):
        yield f"HEIC {ss}", f"{ss}.heic", "HEIF", img, dict(quality=80, chroma=ss)


def expected(content):
    im = Image.open(io.BytesIO(content))
    im = ImageOps.exif_transpose(im)
    if im.mode.startswith("I;16"):
        high = (np.asarray(im) >> 8).astype(np.uint8)
        return np.dstack([high] * 3)
    if im.mode == "LA":
        im = im.getchannel(0)
    return np.asarray(im.convert("RGB"))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("out")
    p.add_argument("sets", nargs="*")
    p.add_argument("--small")
    a = p.parse_args()
    os.makedirs(a.out, exist_ok=True)
    pictures = [("made", i, (natural if i % 2 else art)(h, w)) for i, (h, w) in enumerate(
        [(1, 1), (2, 3), (7, 5), (16, 16), (17, 33), (64, 48), (133, 101), (256, 254)])]
    for path in a.sets:
        with tarfile.open(path) as t:
            names = sorted(m.name for m in t if m.isfile() and m.name.endswith((".jpg", ".png")))
            step = len(names) // 25
            for i, name in enumerate(names[::step][:25]):
                img = Image.open(io.BytesIO(t.extractfile(name).read())).convert("RGB")
                pictures.append(("real " + os.path.basename(path).split(".")[0], i, np.asarray(img)))

    lines, small, refused = [], [], {}
    for source, number, rgb in pictures:
        h, w = rgb.shape[:2]
        alpha = np.linspace(0, 255, w).astype(np.uint8)[None].repeat(h, 0)
        for group, suffix, fmt, img, args in kinds(rgb, alpha):
            b = io.BytesIO()
            try:
                img.save(b, fmt, **args)
                want = expected(b.getvalue())
            except Exception as e:
                refused[group] = repr(e)
                continue
            name = f"{source.replace(' ', '-')}-{number}-{group.replace(' ', '-').replace(':', '')}-{suffix}"
            with open(os.path.join(a.out, name), "wb") as f:
                f.write(b.getvalue())
            with open(os.path.join(a.out, name + ".rgb"), "wb") as f:
                f.write(want.tobytes())
            lines.append(f"{source.split()[0]} {group}\t{name}\t{want.shape[1]}\t{want.shape[0]}\n")
            if source == "made" and number in (2, 4) and len(b.getvalue()) < 1200 and group not in [s[0] for s in small]:
                digest = hashlib.sha256(want.tobytes()).hexdigest()
                small.append((group, want.shape[1], want.shape[0], digest, base64.b64encode(b.getvalue()).decode()))
    with open(os.path.join(a.out, "list.tsv"), "w") as f:
        f.writelines(lines)
    if a.small:
        with open(a.small, "w") as f:
            f.writelines("\t".join(map(str, s)) + "\n" for s in sorted(small))
    print(len(lines), "files;", "not written by Pillow:", refused or "none")


if __name__ == "__main__":
    main()
