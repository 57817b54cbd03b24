import TensorCore

// Pixels that become channels and channels that become pixels: compositions of reshape and transpose.
extension Variable {
    /// Where the place in a block of pixels stands in the number of a channel.
    private enum BlockOrder {
        /// channel · block² + place (ONNX's CRD).
        case withinChannels
        /// place · channels + channel (ONNX's DCR).
        case beforeChannels
    }

    /// Each pixel's channels become a square of pixels: PyTorch's `pixel_shuffle`, ONNX's DepthToSpace in CRD mode (Shi
    /// et al., arXiv 1609.05158).
    ///
    /// - Parameter block: side of the square.
    /// - Returns: [N, block · H, block · W, C]; self has shape [N, H, W, C · block²]. Channel c · block² + dy · block
    ///   + dx becomes channel c of the pixel at (dy, dx).
    public func pixelShuffled(by block: Int) -> Variable { spread(block, .withinChannels, "pixelShuffled") }

    /// The inverse of ``pixelShuffled(by:)``: PyTorch's `pixel_unshuffle`.
    ///
    /// - Returns: [N, H / block, W / block, C · block²]; self has shape [N, H, W, C].
    public func pixelUnshuffled(by block: Int) -> Variable { gathered(block, .withinChannels, "pixelUnshuffled") }

    /// Each pixel's channels become a square of pixels: TensorFlow's `depth_to_space`, ONNX's DepthToSpace in DCR mode.
    ///
    /// - Parameter block: side of the square.
    /// - Returns: [N, block · H, block · W, C]; self has shape [N, H, W, block² · C]. Channel (dy · block + dx) · C + c
    ///   becomes channel c of the pixel at (dy, dx).
    public func depthToSpace(block: Int) -> Variable { spread(block, .beforeChannels, "depthToSpace") }

    /// The inverse of ``depthToSpace(block:)``: TensorFlow's `space_to_depth`, ONNX's SpaceToDepth.
    ///
    /// - Returns: [N, H / block, W / block, block² · C]; self has shape [N, H, W, C].
    public func spaceToDepth(block: Int) -> Variable { gathered(block, .beforeChannels, "spaceToDepth") }

    /// Channels of all groups in turn, so that a grouped convolution after another reads from every group (ShuffleNet,
    /// arXiv 1707.01083).
    ///
    /// - Parameter groups: divides C.
    /// - Returns: [N, H, W, C] as self; channel g · C / groups + i becomes channel i · groups + g.
    public func channelsShuffled(groups: Int) -> Variable {
        let (_, h, w, c) = shape.nhwc(for: "channelsShuffled")
        require(groups > 0 && c % groups == 0, "channelsShuffled: \(groups) groups do not divide \(c) channels")
        return reshaped(to: [-1, h, w, groups, c / groups]).transposed([0, 1, 2, 4, 3]).reshaped(to: [-1, h, w, c])
    }

    private func spread(_ block: Int, _ order: BlockOrder, _ name: String) -> Variable {
        let (_, h, w, c) = shape.nhwc(for: name)
        require(block > 0 && c % (block * block) == 0, "\(name): blocks of \(block)² do not divide \(c) channels")
        let rest = c / (block * block)
        let squares =
            order == .withinChannels
            ? reshaped(to: [-1, h, w, rest, block, block]).transposed([0, 1, 4, 2, 5, 3])
            : reshaped(to: [-1, h, w, block, block, rest]).transposed([0, 1, 3, 2, 4, 5])
        return squares.reshaped(to: [-1, h * block, w * block, rest])
    }

    private func gathered(_ block: Int, _ order: BlockOrder, _ name: String) -> Variable {
        let (_, h, w, c) = shape.nhwc(for: name)
        require(
            block > 0 && h % block == 0 && w % block == 0,
            "\(name): blocks of \(block)² do not divide images of \(h)×\(w)")
        return reshaped(to: [-1, h / block, block, w / block, block, c])
            .transposed(order == .withinChannels ? [0, 1, 3, 5, 2, 4] : [0, 1, 3, 2, 4, 5])
            .reshaped(to: [-1, h / block, w / block, c * block * block])
    }
}
