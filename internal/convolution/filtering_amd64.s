#include "textflag.h"
#include "go_asm.h"

// The constants of a transform: a, b, a², b², and of the input a²+b² and a²b², of the output a³ and b³.
#define A  Z24
#define B  Z25
#define AA Z26
#define BB Z27
#define S  Z28
#define P  Z29

// CONSTANTS loads those that DI has, which both transforms begin with.
#define CONSTANTS \
	VBROADCASTSS transform_constants(DI), A     \
	VBROADCASTSS transform_constants+4(DI), B   \
	VBROADCASTSS transform_constants+8(DI), AA  \
	VBROADCASTSS transform_constants+12(DI), BB \
	VBROADCASTSS transform_constants+16(DI), S  \
	VBROADCASTSS transform_constants+20(DI), P

// SPREAD sets Z6 to Z11 to the values of six pixels, Z0 to Z5, at 0, a, -a, b, -b and infinity.
#define SPREAD \
	VMOVAPS      Z4, Z6       \
	VMOVAPS      Z5, Z11      \
	VMOVAPS      Z4, Z7       \
	VMOVAPS      Z3, Z12      \
	VMOVAPS      Z4, Z9       \
	VMOVAPS      Z3, Z13      \
	VFNMADD231PS S, Z2, Z6    \
	VFNMADD231PS S, Z3, Z11   \
	VFNMADD231PS BB, Z2, Z7   \
	VFNMADD231PS BB, Z1, Z12  \
	VFNMADD231PS AA, Z2, Z9   \
	VFNMADD231PS AA, Z1, Z13  \
	VFMADD231PS  P, Z0, Z6    \
	VFMADD231PS  P, Z1, Z11   \
	VMOVAPS      Z7, Z8       \
	VMOVAPS      Z9, Z10      \
	VFMADD231PS  A, Z12, Z7   \
	VFNMADD231PS A, Z12, Z8   \
	VFMADD231PS  B, Z13, Z9   \
	VFNMADD231PS B, Z13, Z10

// PIXEL loads the channels of a pixel.
#define PIXEL(n, z) \
	MOVQ    (transform_pixels+8*(n))(DI), R9 \
	VMOVUPS (R9)(R8*1), z

// KEEP keeps the values at the six points of a row.
#define KEEP(row) \
	VMOVUPS Z6, (384*row+0)(SI) \
	VMOVUPS Z7, (384*row+64)(SI) \
	VMOVUPS Z8, (384*row+128)(SI) \
	VMOVUPS Z9, (384*row+192)(SI) \
	VMOVUPS Z10, (384*row+256)(SI) \
	VMOVUPS Z11, (384*row+320)(SI)

// POINTS writes the values at the six points of a column to their matrices. AX is the first one.
#define POINTS \
	MOVQ    AX, R9 \
	VMOVUPS Z6, (R9) \
	ADDQ    R13, R9 \
	VMOVUPS Z7, (R9) \
	ADDQ    R13, R9 \
	VMOVUPS Z8, (R9) \
	ADDQ    R13, R9 \
	VMOVUPS Z9, (R9) \
	ADDQ    R13, R9 \
	VMOVUPS Z10, (R9) \
	ADDQ    R13, R9 \
	VMOVUPS Z11, (R9) \
	ADDQ    DX, AX

// SPREADROW transforms a row of pixels, and keeps the values.
#define SPREADROW(row) \
	PIXEL(6*row+0, Z0)                \
	PIXEL(6*row+1, Z1)                \
	PIXEL(6*row+2, Z2)                \
	PIXEL(6*row+3, Z3)                \
	PIXEL(6*row+4, Z4)                \
	PIXEL(6*row+5, Z5)                \
	SPREAD                            \
	KEEP(row)

// SPREADCOLUMN transforms a column of what was kept, and writes the values to their matrices. AX is the first one.
#define SPREADCOLUMN(column) \
	VMOVUPS (64*column+0)(SI), Z0     \
	VMOVUPS (64*column+384)(SI), Z1   \
	VMOVUPS (64*column+768)(SI), Z2   \
	VMOVUPS (64*column+1152)(SI), Z3  \
	VMOVUPS (64*column+1536)(SI), Z4  \
	VMOVUPS (64*column+1920)(SI), Z5  \
	SPREAD                            \
	POINTS

// func spread(t *transform)
TEXT ·spread(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), DI
	CONSTANTS
	LEAQ transform_kept(DI), SI
	MOVQ transform_points(DI), BX
	MOVQ transform_stride(DI), DX    // to the next point of a row
	LEAQ (DX)(DX*2), R13
	ADDQ R13, R13                    // to the next row of points
	MOVQ transform_channels(DI), CX
	XORQ R8, R8

spreadChannels:
	SPREADROW(0)
	SPREADROW(1)
	SPREADROW(2)
	SPREADROW(3)
	SPREADROW(4)
	SPREADROW(5)
	LEAQ (BX)(R8*1), AX
	SPREADCOLUMN(0)
	SPREADCOLUMN(1)
	SPREADCOLUMN(2)
	SPREADCOLUMN(3)
	SPREADCOLUMN(4)
	SPREADCOLUMN(5)
	ADDQ $64, R8
	SUBQ $16, CX
	JNZ  spreadChannels
	VZEROUPPER
	RET

// GATHER sets Z10 to Z13 to four outputs of the values at six points, Z0 to Z5.
#define GATHER \
	VADDPS      Z1, Z2, Z6   \
	VSUBPS      Z2, Z1, Z7   \
	VADDPS      Z3, Z4, Z8   \
	VSUBPS      Z4, Z3, Z9   \
	VADDPS      Z0, Z6, Z10  \
	VMULPS      A, Z7, Z11   \
	VMULPS      AA, Z6, Z12  \
	VMOVAPS     Z5, Z13      \
	VFMADD231PS S, Z7, Z13   \
	VADDPS      Z8, Z10, Z10 \
	VFMADD231PS B, Z9, Z11   \
	VFMADD231PS BB, Z8, Z12  \
	VFMADD231PS P, Z9, Z13

// POINT loads the channels of the next point.
#define POINT(z) \
	VMOVUPS (R9), z \
	ADDQ    DX, R9

// GATHERROW transforms a row of points, and keeps the outputs.
#define GATHERROW(row) \
	POINT(Z0)                       \
	POINT(Z1)                       \
	POINT(Z2)                       \
	POINT(Z3)                       \
	POINT(Z4)                       \
	POINT(Z5)                       \
	GATHER                          \
	VMOVUPS Z10, (256*row+0)(SI)    \
	VMOVUPS Z11, (256*row+64)(SI)   \
	VMOVUPS Z12, (256*row+128)(SI)  \
	VMOVUPS Z13, (256*row+192)(SI)

// OUTPUT writes an output, with the bias and plus, and not below the floor.
#define OUTPUT(n, z) \
	MOVQ    (transform_pixels+8*(n))(DI), R9 \
	VADDPS  Z30, z, z                      \
	TESTQ   R10, R10                       \
	JZ      3(PC)                          \
	LEAQ    (R9)(AX*1), R11                \
	VADDPS  (R11)(R8*1), z, z              \
	VMAXPS  z, Z31, z                      \
	VMOVUPS z, (R9)(R8*1)

// GATHERCOLUMN transforms a column of what was kept.
#define GATHERCOLUMN(column) \
	VMOVUPS (64*column+0)(SI), Z0     \
	VMOVUPS (64*column+256)(SI), Z1   \
	VMOVUPS (64*column+512)(SI), Z2   \
	VMOVUPS (64*column+768)(SI), Z3   \
	VMOVUPS (64*column+1024)(SI), Z4  \
	VMOVUPS (64*column+1280)(SI), Z5  \
	GATHER                            \
	OUTPUT(column+0, Z10)             \
	OUTPUT(column+4, Z11)             \
	OUTPUT(column+8, Z12)             \
	OUTPUT(column+12, Z13)

// func gather(t *transform)
TEXT ·gather(SB), NOSPLIT, $0-8
	MOVQ         t+0(FP), DI
	CONSTANTS
	VBROADCASTSS transform_floor(DI), Z31
	LEAQ         transform_kept(DI), SI
	MOVQ         transform_points(DI), BX
	MOVQ         transform_stride(DI), DX
	MOVQ         transform_channels(DI), CX
	MOVQ         transform_plus(DI), R10
	MOVQ         R10, AX
	SUBQ         transform_origin(DI), AX // from an output to what is added to it
	MOVQ         transform_bias(DI), R12
	XORQ         R8, R8

gatherChannels:
	VMOVUPS (R12)(R8*1), Z30
	LEAQ    (BX)(R8*1), R9
	GATHERROW(0)
	GATHERROW(1)
	GATHERROW(2)
	GATHERROW(3)
	GATHERROW(4)
	GATHERROW(5)
	GATHERCOLUMN(0)
	GATHERCOLUMN(1)
	GATHERCOLUMN(2)
	GATHERCOLUMN(3)
	ADDQ    $64, R8
	SUBQ    $16, CX
	JNZ     gatherChannels
	VZEROUPPER
	RET

// SCATTER sets Z6 to Z11 to what GATHER's transpose makes of four outputs, Z0 to Z3.
#define SCATTER \
	VMOVAPS     Z0, Z6       \
	VMOVAPS     Z3, Z11      \
	VMOVAPS     Z0, Z7       \
	VMOVAPS     Z0, Z9       \
	VMULPS      A, Z1, Z12   \
	VMULPS      B, Z1, Z13   \
	VFMADD231PS AA, Z2, Z7   \
	VFMADD231PS BB, Z2, Z9   \
	VFMADD231PS S, Z3, Z12   \
	VFMADD231PS P, Z3, Z13   \
	VSUBPS      Z12, Z7, Z8  \
	VADDPS      Z12, Z7, Z7  \
	VSUBPS      Z13, Z9, Z10 \
	VADDPS      Z13, Z9, Z9

// SCATTERROW transforms a row of outputs, and keeps the values.
#define SCATTERROW(row) \
	PIXEL(4*row+0, Z0)                \
	PIXEL(4*row+1, Z1)                \
	PIXEL(4*row+2, Z2)                \
	PIXEL(4*row+3, Z3)                \
	SCATTER                           \
	KEEP(row)

// SCATTERCOLUMN transforms a column of what was kept, and writes the values to their matrices. AX is the first one.
#define SCATTERCOLUMN(column) \
	VMOVUPS (64*column+0)(SI), Z0     \
	VMOVUPS (64*column+384)(SI), Z1   \
	VMOVUPS (64*column+768)(SI), Z2   \
	VMOVUPS (64*column+1152)(SI), Z3  \
	SCATTER                           \
	POINTS

// func scatter(t *transform)
TEXT ·scatter(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), DI
	CONSTANTS
	LEAQ transform_kept(DI), SI
	MOVQ transform_points(DI), BX
	MOVQ transform_stride(DI), DX
	LEAQ (DX)(DX*2), R13
	ADDQ R13, R13
	MOVQ transform_channels(DI), CX
	XORQ R8, R8

scatterChannels:
	SCATTERROW(0)
	SCATTERROW(1)
	SCATTERROW(2)
	SCATTERROW(3)
	LEAQ (BX)(R8*1), AX
	SCATTERCOLUMN(0)
	SCATTERCOLUMN(1)
	SCATTERCOLUMN(2)
	SCATTERCOLUMN(3)
	SCATTERCOLUMN(4)
	SCATTERCOLUMN(5)
	ADDQ $64, R8
	SUBQ $16, CX
	JNZ  scatterChannels
	VZEROUPPER
	RET
