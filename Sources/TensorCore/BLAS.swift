import COpenBLAS

/// The library that multiplies matrices.
public enum BLAS {
    /// Its name, version and build options, as it gives them: `OpenBLAS 0.3.26 NO_AFFINITY …`.
    public static var configuration: String { String(cString: openblas_get_config()) }

    /// The kind of processor whose kernels it chose.
    public static var core: String { String(cString: openblas_get_corename()) }
}
