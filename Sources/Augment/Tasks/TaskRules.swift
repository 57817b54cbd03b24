extension ImageTask {
    /// What the task demands of single operations.
    var rules: [TaskRule] { geometry + appearance + TaskRule.everywhere }

    /// What may move, be cut off or be mixed.
    private var geometry: [TaskRule] {
        switch self {
        case .digits:
            [
                .no(Turn.self, "a digit on its side is no digit, and a 6 upside down is a 9"),
                .translation(0.35, "the digit leaves the frame"),
                .sides(0.7, "what is cut off may be what tells 3 from 8"),
                .perspective(0.4, "strokes at the far side run together"),
                .elastic(0.08, "strokes that bend this far make another digit"),
                .no(
                    HorizontalFlip.self, like: .mirrorsSideways, "a mirrored digit is no digit, or another one: 2 and 5"
                ),
                .no(
                    VerticalFlip.self, like: .mirrorsUpright, "a digit upside down is no digit, or another one: 6 and 9"
                ),
                .no(Mosaic.self, "four quarters of digits show none"),
                .scale(0.4...1.6, "smaller strokes vanish, larger digits leave the frame"),
                .shift(0.35, "the digit leaves the frame"),
                .crop(0.5, "what is cut off may be what tells 3 from 8"),
                .cutout(0.5, "what is covered may be what tells 3 from 8"),
                .erasing(0.25, "what is covered may be what tells 3 from 8"),
                .grid(0.5, "what is covered may be what tells 3 from 8"),
            ]
        case .ocr:
            [
                .no(Turn.self, "lines of text are level, and an upside-down u is an n"),
                .translation(0.1, "glyphs at the edge are cut off, and the label still names them"),
                .sides(0.95, "glyphs at the edge are cut off, and the label still names them"),
                .perspective(0.2, "glyphs at the far side become too small to read"),
                .elastic(0.03, "strokes that bend this far make other glyphs"),
                .no(
                    HorizontalFlip.self, like: .mirrorsSideways,
                    "a mirrored letter is no letter, or another one: b and d, p and q"),
                .no(
                    VerticalFlip.self, like: .mirrorsUpright,
                    "a letter upside down is no letter, or another one: b and p, n and u"),
                .no(MixUp.self, "two texts over one another read as neither, and half a label is no text"),
                .no(CutMix.self, "a text with a piece of another reads as neither, and half a label is no text"),
                .no(Mosaic.self, "four quarters of texts read as none"),
                .scale(0.7...1.3, "smaller strokes vanish, larger text leaves the frame"),
                .shift(0.1, "glyphs at the edge are cut off, and the label still names them"),
                .crop(0.9, "glyphs at the edge are cut off, and the label still names them"),
                .cutout(0.1, "the square swallows whole glyphs, and the label still names them"),
                .erasing(0.02, "the rectangle swallows whole glyphs, and the label still names them"),
                .no(GridMask.self, "squares all over the image swallow whole glyphs"),
            ]
        case .natural:
            [
                .no(Turn.self, "photographs are not taken upside down or on their side"),
                .sides(0.22, "the crop may not show the object at all"),
                .no(VerticalFlip.self, like: .mirrorsUpright, "photographs are not taken upside down"),
                .scale(0.4...2.5, "the object becomes a dot, or leaves the frame"),
                .crop(0.05, "the crop may not show the object at all"),
                .cutout(0.7, "the square may cover the object wholly"),
                .erasing(0.5, "the rectangle may cover the object wholly"),
                .grid(0.7, "too little of the object is left"),
            ]
        case .driving:
            [
                .no(Turn.self, "the camera is fixed to the car"),
                .sides(0.5, "the crop may cut off the road user that the label names"),
                .no(VerticalFlip.self, like: .mirrorsUpright, "roads are not seen upside down"),
                .no(
                    HorizontalFlip.self, like: .mirrorsSideways,
                    "a mirrored sign is another one, and traffic keeps to one side"),
                .no(MixUp.self, "two scenes over one another put phantoms on the road"),
                .scale(0.7...1.5, "size tells distance"),
                .crop(0.25, "the crop may cut off the road user that the label names"),
                .cutout(0.3, "the square may cover a road user wholly"),
                .erasing(0.1, "the rectangle may cover a road user wholly"),
                .grid(0.5, "small road users vanish behind the squares"),
            ]
        case .medical:
            [
                .no(Turn.self, "images are taken with the patient upright or in a known position"),
                .sides(0.83, "the finding may lie in what is cut off"),
                .elastic(0.03, "shapes are measured"),
                .no(
                    HorizontalFlip.self, like: .mirrorsSideways,
                    "organs lie on one side: a mirrored heart is another diagnosis"),
                .no(
                    VerticalFlip.self, like: .mirrorsUpright,
                    "images are taken with the patient upright or in a known position"),
                .no(MixUp.self, "two patients over one another are no patient"),
                .no(CutMix.self, "a pasted piece of another patient is a lesion that is none"),
                .no(Mosaic.self, "quarters of four patients are no patient"),
                .scale(0.85...1.15, "sizes are findings"),
                .crop(0.7, "the finding may lie in what is cut off"),
                .cutout(0.15, "the finding may lie under the square"),
                .erasing(0.05, "the finding may lie under the rectangle"),
                .no(GridMask.self, "small findings vanish behind the squares"),
            ]
        }
    }

    /// What values and colours may become.
    private var appearance: [TaskRule] {
        switch self {
        case .digits: [.noise(0.4, "strokes drown"), .blur(2, "strokes run into one another")]
        case .ocr:
            [
                .noise(0.2, "thin strokes and dots drown"), .blur(1.5, "thin strokes and dots vanish"),
                .no(Snow.self, "flakes are as large as dots and commas"),
            ]
        case .natural: [.noise(0.4, "textures drown"), .blur(8, "textures vanish")]
        case .driving:
            [
                .noise(0.3, "distant road users drown"), .blur(4, "distant road users vanish"),
                .hue(15, "colours are the message: a red light is not a green one"),
                .no(ChannelPermutation.self, "colours are the message: a red light is not a green one"),
                .no(Invert.self, like: .inverts, "day would be night, and white markings black"),
                .no(Solarise.self, "lamps and white markings would be black"),
            ]
        case .medical:
            [
                .noise(0.1, "faint findings drown"), .blur(1, "fine findings vanish"),
                .no(Invert.self, like: .inverts, "brightness is density: bone would be air"),
                .no(Solarise.self, "brightness is density: bone would be air"),
                .no(Posterise.self, "faint findings are a few grey levels"),
                .hue(10, "stains are told by their colour"),
                .no(ChannelPermutation.self, "stains are told by their colour"),
                .no(Fog.self, "there is no weather where these are taken, and veils are findings"),
                .no(Rain.self, "there is no weather where these are taken, and streaks are findings"),
                .no(Snow.self, "there is no weather where these are taken, and spots are findings"),
                .no(SaltAndPepper.self, "white spots are findings"),
            ]
        }
    }
}
