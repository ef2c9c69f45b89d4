"""The lab's convolutional networks as tables."""

# (maps as a multiple of the base, pooling behind it) of each convolution
ALEXNET = ((1, True), (2, True), (4, False), (4, False), (2, True))
VGG16 = tuple(
    (width, position == depth - 1)
    for width, depth in ((1, 2), (2, 2), (4, 3), (8, 3), (8, 3))
    for position in range(depth)
)
CONVOLUTIONAL = {"alexnet": ALEXNET, "vgg16": VGG16}
# Maps of the last layer of backbones of a fixed width.
FEATURES = {
    "vgg19": 512,
    "resnet50": 2048,
    "mobilenet_v2": 1280,
    "densenet121": 1024,
    "efficientnet_v2_b0": 1280,
}
