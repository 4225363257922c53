"""The training step in JAX: one compiled program whose state is donated."""
import os

from protocol import serve, version

EPSILON, MOMENTUM = 1e-5, 0.1  # of batch normalisation


def build(config):
    os.environ["JAX_PLATFORMS"] = config.get("device", "cpu")  # sslx's, on a machine with a GPU too
    import jax
    import jax.numpy as jnp
    import numpy

    random = numpy.random.default_rng(0)
    compute = jnp.dtype(config.get("precision", "float32"))  # of products and what is kept between them
    weights, statistics = {}, {}

    def kernel(name, *shape):
        fan_in = int(numpy.prod(shape[:-1]))
        weights[name] = jnp.asarray(random.normal(0, (2 / fan_in) ** 0.5, shape), jnp.float32)
        return name

    def batch_norm(name, channels):
        weights[name + ".scale"], weights[name + ".offset"] = jnp.ones(channels), jnp.zeros(channels)
        statistics[name] = (jnp.zeros(channels), jnp.ones(channels))

        def apply(w, updates, x):
            axes = tuple(range(x.ndim - 1))
            mean = x.mean(axes)
            variance = jnp.maximum((x * x).mean(axes) - mean * mean, 0)
            count = x.size // channels
            updates[name] = tuple(
                old + MOMENTUM * (jax.lax.stop_gradient(new) - old)
                for old, new in zip(updates[name], (mean, variance * count / max(1, count - 1))))
            factor = w[name + ".scale"] * jax.lax.rsqrt(variance + EPSILON)
            return x * factor + (w[name + ".offset"] - mean * factor)

        return apply

    def conv_bn(name, channels, out, size, stride, relu=True):
        key, norm = kernel(name, size, size, channels, out), batch_norm(name, out)
        pad = ((size - 1) // 2, size // 2)

        def apply(w, updates, x):
            x = jax.lax.conv_general_dilated(x, w[key].astype(compute), (stride, stride), (pad, pad),
                                             dimension_numbers=("NHWC", "HWIO", "NHWC"))
            x = norm(w, updates, x.astype(jnp.float32)).astype(compute)
            return jax.nn.relu(x) if relu else x

        return apply

    def block(name, channels, out, stride):
        first = conv_bn(name + ".0", channels, out, 3, stride)
        second = conv_bn(name + ".1", out, out, 3, 1, relu=False)
        plain = stride == 1 and channels == out
        shortcut = None if plain else conv_bn(name + ".shortcut", channels, out, 1, stride, relu=False)

        def apply(w, updates, x):
            y = second(w, updates, first(w, updates, x))
            return jax.nn.relu(y + (x if plain else shortcut(w, updates, x)))

        return apply

    def convnet(width):
        layers = [conv_bn("stem", 3, width, 4, 2)]
        for stage in range(2):
            layers += [conv_bn(f"down{stage}", width, 2 * width, 3, 2), block(f"block{stage}", 2 * width, 2 * width, 1)]
            width *= 2
        return layers + [conv_bn("last", width, 2 * width, 3, 1)], 2 * width

    def resnet18(width):
        layers = [conv_bn("stem", 3, width, 3, 1), block("0.0", width, width, 1), block("0.1", width, width, 1)]
        for stage in range(1, 4):
            layers += [block(f"{stage}.0", width, 2 * width, 2), block(f"{stage}.1", 2 * width, 2 * width, 1)]
            width *= 2
        return layers, width

    layers, width = {"convnet": convnet, "resnet18": resnet18}[config["encoder"]](config["width"])
    hidden = []
    for i, out in enumerate(config["projector"][:-1]):
        hidden.append((kernel(f"projector{i}", width, out), batch_norm(f"projector{i}", out)))
        width = out
    last = kernel("projector", width, config["projector"][-1])
    count = sum(w.size for w in weights.values())
    assert count == config["parameters"], f"the network has {count} parameters, and sslx's {config['parameters']}"

    def loss_of(w, old, x):
        updates = dict(old)
        x = x.astype(compute)
        for layer in layers:
            x = layer(w, updates, x)
        x = x.astype(jnp.float32).mean((1, 2))
        for key, norm in hidden:
            x = jax.nn.relu(norm(w, updates, (x.astype(compute) @ w[key].astype(compute)).astype(jnp.float32)))
        z = (x.astype(compute) @ w[last].astype(compute)).astype(jnp.float32)
        z = z / jnp.maximum(jnp.linalg.norm(z, axis=1, keepdims=True), 1e-12)
        n = len(z) // 2
        logits = jnp.where(jnp.eye(2 * n, dtype=bool), -jnp.inf, z @ z.T / config["temperature"])
        positive = jnp.roll(jnp.arange(2 * n), n)
        return -jax.nn.log_softmax(logits)[jnp.arange(2 * n), positive].mean(), updates

    def step(state, x):
        w, velocity, updates = state
        (loss, updates), gradient = jax.value_and_grad(loss_of, has_aux=True)(w, updates, x)
        for key, g in gradient.items():
            decay = config["weight_decay"] if w[key].ndim > 1 else 0.0
            velocity[key] = config["momentum"] * velocity[key] + g + decay * w[key]
        return ({key: w[key] - config["lr"] * velocity[key] for key in w}, velocity, updates), loss

    compiled = jax.jit(step, donate_argnums=0)
    shape = (config["views"] * config["batch"], config["size"], config["size"], 3)
    views = jnp.asarray(random.standard_normal(shape, numpy.float32))
    state = (weights, {key: jnp.zeros_like(w) for key, w in weights.items()}, statistics)

    def run(n):
        nonlocal state
        for _ in range(n):
            state, loss = compiled(state, views)
        loss.block_until_ready()

    return {"version": version("jax"), "note": "jit, donated state"}, run


if __name__ == "__main__":
    serve(build)
