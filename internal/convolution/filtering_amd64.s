#include "textflag.h"
#include "go_asm.h"
#include "bfloat16_amd64.h"

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
#define POINTS(WRITE) \
	MOVQ AX, R9    \
	WRITE(Z6, 6)   \
	ADDQ R13, R9   \
	WRITE(Z7, 7)   \
	ADDQ R13, R9   \
	WRITE(Z8, 8)   \
	ADDQ R13, R9   \
	WRITE(Z9, 9)   \
	ADDQ R13, R9   \
	WRITE(Z10, 10) \
	ADDQ R13, R9   \
	WRITE(Z11, 11) \
	ADDQ DX, AX

// WHOLE writes values as they are, ROUNDED in bfloat16, and SECOND in pairs with those that are there.
#define WHOLE(z, n) \
	VMOVUPS z, (R9)

#define ROUNDED(z, n) \
	ROUND(12, n)     \
	VMOVDQU Y12, (R9)

#define SECOND(z, n) \
	VMOVUPS (R9), Z12       \
	PAIR(12, n, 12)         \
	VPERMW  Z12, Z31, Z12   \
	VMOVUPS Z12, (R9)

// SPREADROW transforms a row of pixels, and keeps the values.
#define SPREADROW(row) \
	PIXEL(6*row+0, Z0)                 \
	PIXEL(6*row+1, Z1)                 \
	PIXEL(6*row+2, Z2)                 \
	PIXEL(6*row+3, Z3)                 \
	PIXEL(6*row+4, Z4)                 \
	PIXEL(6*row+5, Z5)                 \
	SPREAD                            \
	KEEP(row)

// SPREADCOLUMN transforms a column of what was kept, and writes the values to their matrices. AX is the first one.
#define SPREADCOLUMN(WRITE, column) \
	VMOVUPS (64*column+0)(SI), Z0     \
	VMOVUPS (64*column+384)(SI), Z1   \
	VMOVUPS (64*column+768)(SI), Z2   \
	VMOVUPS (64*column+1152)(SI), Z3  \
	VMOVUPS (64*column+1536)(SI), Z4  \
	VMOVUPS (64*column+1920)(SI), Z5  \
	SPREAD                            \
	POINTS(WRITE)

// POINTSAT loads where the points are, and how far it is to the next one of a row, and to the next row.
#define POINTSAT \
	MOVQ transform_points(DI), BX   \
	MOVQ transform_stride(DI), DX   \
	LEAQ (DX)(DX*2), R13            \
	ADDQ R13, R13                   \
	MOVQ transform_channels(DI), CX \
	XORQ R8, R8

// COLUMNS transforms all columns of what was kept, and goes on with the next channels. Points of 16 channels are some
// bytes.
#define COLUMNS(COLUMN, WRITE, points) \
	MOVQ BX, AX       \
	COLUMN(WRITE, 0)  \
	COLUMN(WRITE, 1)  \
	COLUMN(WRITE, 2)  \
	COLUMN(WRITE, 3)  \
	COLUMN(WRITE, 4)  \
	COLUMN(WRITE, 5)  \
	ADDQ $points, BX  \
	ADDQ $64, R8      \
	SUBQ $16, CX      \
	JNZ  channels     \
	VZEROUPPER        \
	RET

// SPREADALL transforms all channels.
#define SPREADALL(WRITE, points) \
	MOVQ t+0(FP), DI                \
	CONSTANTS                       \
	LEAQ transform_kept(DI), SI     \
	POINTSAT                        \
channels:                           \
	SPREADROW(0)                    \
	SPREADROW(1)                    \
	SPREADROW(2)                    \
	SPREADROW(3)                    \
	SPREADROW(4)                    \
	SPREADROW(5)                    \
	COLUMNS(SPREADCOLUMN, WRITE, points)

// func spread(t *transform)
TEXT ·spread(SB), NOSPLIT, $0-8
	SPREADALL(WHOLE, 64)

// func spreadRounded(t *transform)
TEXT ·spreadRounded(SB), NOSPLIT, $0-8
	SPREADALL(ROUNDED, 32)

// func spreadSecond(t *transform)
TEXT ·spreadSecond(SB), NOSPLIT, $0-8
	VMOVDQU64 ·alternating(SB), Z31
	SPREADALL(SECOND, 64)

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
#define OUTPUT(n, z, m) \
	MOVQ    (transform_pixels+8*(n))(DI), R9 \
	VADDPS  Z30, z, z                      \
	TESTQ   R10, R10                       \
	JZ      3(PC)                          \
	LEAQ    (R9)(AX*1), R11                \
	VADDPS  (R11)(R8*1), z, z              \
	VMAXPS  z, Z31, z                      \
	VMOVUPS z, (R9)(R8*1)

// OUTPUT16 writes an output in bfloat16.
#define OUTPUT16(n, z, m) \
	MOVQ    (transform_pixels+8*(n))(DI), R9 \
	ROUND(6, m)                              \
	VMOVDQU Y6, (R9)(R8*1)

// GATHERCOLUMN transforms a column of what was kept.
#define GATHERCOLUMN(WRITE, column) \
	VMOVUPS (64*column+0)(SI), Z0     \
	VMOVUPS (64*column+256)(SI), Z1   \
	VMOVUPS (64*column+512)(SI), Z2   \
	VMOVUPS (64*column+768)(SI), Z3   \
	VMOVUPS (64*column+1024)(SI), Z4  \
	VMOVUPS (64*column+1280)(SI), Z5  \
	GATHER                            \
	WRITE(column+0, Z10, 10)          \
	WRITE(column+4, Z11, 11)          \
	WRITE(column+8, Z12, 12)          \
	WRITE(column+12, Z13, 13)

#define GATHERROWS \
	GATHERROW(0) \
	GATHERROW(1) \
	GATHERROW(2) \
	GATHERROW(3) \
	GATHERROW(4) \
	GATHERROW(5)

#define GATHERCOLUMNS(WRITE) \
	GATHERCOLUMN(WRITE, 0) \
	GATHERCOLUMN(WRITE, 1) \
	GATHERCOLUMN(WRITE, 2) \
	GATHERCOLUMN(WRITE, 3)

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

channels:
	VMOVUPS (R12)(R8*1), Z30
	LEAQ    (BX)(R8*1), R9
	GATHERROWS
	GATHERCOLUMNS(OUTPUT)
	ADDQ    $64, R8
	SUBQ    $16, CX
	JNZ     channels
	VZEROUPPER
	RET

// func gatherRounded(t *transform)
TEXT ·gatherRounded(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), DI
	CONSTANTS
	LEAQ transform_kept(DI), SI
	MOVQ transform_points(DI), BX
	MOVQ transform_stride(DI), DX
	MOVQ transform_channels(DI), CX
	XORQ R8, R8

channels:
	MOVQ BX, R9
	GATHERROWS
	GATHERCOLUMNS(OUTPUT16)
	ADDQ $64, BX
	ADDQ $32, R8
	SUBQ $16, CX
	JNZ  channels
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
	PIXEL(4*row+0, Z0)                 \
	PIXEL(4*row+1, Z1)                 \
	PIXEL(4*row+2, Z2)                 \
	PIXEL(4*row+3, Z3)                 \
	SCATTER                           \
	KEEP(row)

// SCATTERCOLUMN transforms a column of what was kept, and writes the values to their matrices. AX is the first one.
#define SCATTERCOLUMN(WRITE, column) \
	VMOVUPS (64*column+0)(SI), Z0     \
	VMOVUPS (64*column+384)(SI), Z1   \
	VMOVUPS (64*column+768)(SI), Z2   \
	VMOVUPS (64*column+1152)(SI), Z3  \
	SCATTER                           \
	POINTS(WRITE)

// SCATTERALL transforms all channels.
#define SCATTERALL(WRITE) \
	MOVQ t+0(FP), DI                \
	CONSTANTS                       \
	LEAQ transform_kept(DI), SI     \
	POINTSAT                        \
channels:                           \
	SCATTERROW(0)                   \
	SCATTERROW(1)                   \
	SCATTERROW(2)                   \
	SCATTERROW(3)                   \
	COLUMNS(SCATTERCOLUMN, WRITE, 64)

// func scatter(t *transform)
TEXT ·scatter(SB), NOSPLIT, $0-8
	SCATTERALL(WHOLE)

// func scatterSecond(t *transform)
TEXT ·scatterSecond(SB), NOSPLIT, $0-8
	VMOVDQU64 ·alternating(SB), Z31
	SCATTERALL(SECOND)

// BENDCONSTANTS loads the factors of taps: those of tap 0 at the points 0, ±a and ±b, those of tap 1 at a and b, and
// those of tap 2 at ±a, ±b and infinity.
#define BENDCONSTANTS \
	VBROADCASTSS transform_constants(DI), Z24    \
	VBROADCASTSS transform_constants+4(DI), Z25  \
	VBROADCASTSS transform_constants+8(DI), Z26  \
	VBROADCASTSS transform_constants+12(DI), Z27 \
	VBROADCASTSS transform_constants+16(DI), Z28 \
	VBROADCASTSS transform_constants+20(DI), Z29 \
	VBROADCASTSS transform_constants+24(DI), Z30 \
	VBROADCASTSS transform_constants+28(DI), Z23

// BEND sets Z6 to Z11 to what the six points take of three taps, Z0 to Z2.
#define BEND \
	VMULPS      Z24, Z0, Z6  \
	VMULPS      Z25, Z0, Z12 \
	VMULPS      Z26, Z0, Z13 \
	VMULPS      Z27, Z1, Z14 \
	VMULPS      Z28, Z1, Z15 \
	VMULPS      Z23, Z2, Z11 \
	VFMADD231PS Z29, Z2, Z12 \
	VFMADD231PS Z30, Z2, Z13 \
	VADDPS      Z14, Z12, Z7 \
	VSUBPS      Z14, Z12, Z8 \
	VADDPS      Z15, Z13, Z9 \
	VSUBPS      Z15, Z13, Z10

// BENDROW transforms a row of taps, and keeps the values.
#define BENDROW(row) \
	PIXEL(3*row+0, Z0) \
	PIXEL(3*row+1, Z1) \
	PIXEL(3*row+2, Z2) \
	BEND               \
	KEEP(row)

// BENDCOLUMN transforms a column of what was kept, and writes the values to their matrices. AX is the first one.
#define BENDCOLUMN(WRITE, column) \
	VMOVUPS (64*column+0)(SI), Z0   \
	VMOVUPS (64*column+384)(SI), Z1 \
	VMOVUPS (64*column+768)(SI), Z2 \
	BEND                            \
	POINTS(WRITE)

// BENDALL transforms all channels.
#define BENDALL(WRITE) \
	MOVQ t+0(FP), DI            \
	BENDCONSTANTS               \
	LEAQ transform_kept(DI), SI \
	POINTSAT                    \
channels:                           \
	BENDROW(0)                  \
	BENDROW(1)                  \
	BENDROW(2)                  \
	COLUMNS(BENDCOLUMN, WRITE, 64)

// func bend(t *transform)
TEXT ·bend(SB), NOSPLIT, $0-8
	BENDALL(WHOLE)

// func bendSecond(t *transform)
TEXT ·bendSecond(SB), NOSPLIT, $0-8
	VMOVDQU64 ·alternating(SB), Z31
	BENDALL(SECOND)
