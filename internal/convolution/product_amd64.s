#include "textflag.h"
#include "go_asm.h"
#include "bfloat16_amd64.h"

// A tile of results is in Z0 to Z23, two registers of 16 columns for each row. R8, R10, R11 and R12 point to elements of
// every third row of a.

// START loads the tile, and sets the first row of results to the bias, or to zeros.
#define START \
	MOVQ         t+0(FP), R15           \
	MOVQ         tile_k(R15), CX        \
	MOVQ         tile_a(R15), R8        \
	MOVQ         tile_strideA(R15), R9  \
	MOVQ         tile_b(R15), SI        \
	MOVQ         tile_strideB(R15), DX  \
	MOVQ         tile_c(R15), AX        \
	MOVQ         tile_strideC(R15), R13 \
	MOVQ         tile_plus(R15), BX     \
	MOVQ         tile_bias(R15), R10    \
	MOVQ         tile_step(R15), R14    \
	VBROADCASTSS tile_floor(R15), Z28   \
	VPXORQ       Z0, Z0, Z0             \
	VPXORQ       Z1, Z1, Z1             \
	TESTQ        R10, R10               \
	JZ           3(PC)                  \
	VMOVUPS      (R10), Z0              \
	VMOVUPS      64(R10), Z1            \
	LEAQ         (R9)(R9*2), DI         \
	LEAQ         (R8)(DI*1), R10

// LIKE0 sets a row to the first one.
#define LIKE0(x, y) \
	VMOVAPS Z0, x \
	VMOVAPS Z1, y

// COLUMNS loads a row of b.
#define COLUMNS \
	VMOVUPS (SI), Z24   \
	VMOVUPS 64(SI), Z25 \
	ADDQ    DX, SI

// ROW adds an element of a times the row of b to a row.
#define ROW(element, x, y) \
	VBROADCASTSS element, Z26 \
	VFMADD231PS  Z24, Z26, x  \
	VFMADD231PS  Z25, Z26, y

// DOTS adds the products of a pair of a and the pairs of the row of b to a row, whose registers are numbers.
#define DOTS(element, x, y) \
	VBROADCASTSS element, Z26 \
	DOT(x, 26, 24)            \
	DOT(y, 26, 25)

// PLUS adds the next row of plus to a row.
#define PLUS(x, y) \
	VADDPS (BX), x, x   \
	VADDPS 64(BX), y, y \
	ADDQ   R13, BX

// STORE writes the larger of a row and the floor to the next row of c.
#define STORE(x, y) \
	VMAXPS  x, Z28, x \
	VMAXPS  y, Z28, y \
	VMOVUPS x, (AX)   \
	VMOVUPS y, 64(AX) \
	ADDQ    R13, AX

#define ROWS12 \
	ROW((R8), Z0, Z1) \
	ROW((R8)(R9*1), Z2, Z3) \
	ROW((R8)(R9*2), Z4, Z5) \
	ROW((R10), Z6, Z7) \
	ROW((R10)(R9*1), Z8, Z9) \
	ROW((R10)(R9*2), Z10, Z11) \
	ROW((R11), Z12, Z13) \
	ROW((R11)(R9*1), Z14, Z15) \
	ROW((R11)(R9*2), Z16, Z17) \
	ROW((R12), Z18, Z19) \
	ROW((R12)(R9*1), Z20, Z21) \
	ROW((R12)(R9*2), Z22, Z23)

#define PAIRS12 \
	DOTS((R8), 0, 1) \
	DOTS((R8)(R9*1), 2, 3) \
	DOTS((R8)(R9*2), 4, 5) \
	DOTS((R10), 6, 7) \
	DOTS((R10)(R9*1), 8, 9) \
	DOTS((R10)(R9*2), 10, 11) \
	DOTS((R11), 12, 13) \
	DOTS((R11)(R9*1), 14, 15) \
	DOTS((R11)(R9*2), 16, 17) \
	DOTS((R12), 18, 19) \
	DOTS((R12)(R9*1), 20, 21) \
	DOTS((R12)(R9*2), 22, 23)

// The processor's own prefetching ends with each page, so that tiles of 12 rows read ahead.

// TILE12 computes a tile of 12 rows.
#define TILE12(PRODUCTS) \
	START                    \
	LEAQ (R10)(DI*1), R11    \
	LEAQ (R11)(DI*1), R12    \
	MOVQ tile_runs(R15), DI  \
	LIKE0(Z2, Z3)            \
	LIKE0(Z4, Z5)            \
	LIKE0(Z6, Z7)            \
	LIKE0(Z8, Z9)            \
	LIKE0(Z10, Z11)          \
	LIKE0(Z12, Z13)          \
	LIKE0(Z14, Z15)          \
	LIKE0(Z16, Z17)          \
	LIKE0(Z18, Z19)          \
	LIKE0(Z20, Z21)          \
	LIKE0(Z22, Z23)          \
multiply: \
	COLUMNS                  \
	PREFETCHT0 2048(SI)      \
	PREFETCHT0 2112(SI)      \
	PRODUCTS                 \
	ADDQ R14, R8             \
	ADDQ R14, R10            \
	ADDQ R14, R11            \
	ADDQ R14, R12            \
	DECQ CX                  \
	JNZ  multiply            \
	MOVQ tile_k(R15), CX     \
	ADDQ tile_skip(R15), R8  \
	ADDQ tile_skip(R15), R10 \
	ADDQ tile_skip(R15), R11 \
	ADDQ tile_skip(R15), R12 \
	DECQ DI                  \
	JNZ  multiply            \
	TESTQ BX, BX             \
	JZ    store              \
	PLUS(Z0, Z1)             \
	PLUS(Z2, Z3)             \
	PLUS(Z4, Z5)             \
	PLUS(Z6, Z7)             \
	PLUS(Z8, Z9)             \
	PLUS(Z10, Z11)           \
	PLUS(Z12, Z13)           \
	PLUS(Z14, Z15)           \
	PLUS(Z16, Z17)           \
	PLUS(Z18, Z19)           \
	PLUS(Z20, Z21)           \
	PLUS(Z22, Z23)           \
store: \
	STORE(Z0, Z1)            \
	STORE(Z2, Z3)            \
	STORE(Z4, Z5)            \
	STORE(Z6, Z7)            \
	STORE(Z8, Z9)            \
	STORE(Z10, Z11)          \
	STORE(Z12, Z13)          \
	STORE(Z14, Z15)          \
	STORE(Z16, Z17)          \
	STORE(Z18, Z19)          \
	STORE(Z20, Z21)          \
	STORE(Z22, Z23)          \
	VZEROUPPER               \
	RET

// func tile12(t *tile)
TEXT ·tile12(SB), NOSPLIT, $0-8
	TILE12(ROWS12)

// func pairs12(t *tile)
TEXT ·pairs12(SB), NOSPLIT, $0-8
	TILE12(PAIRS12)

#define ROWS4 \
	ROW((R8), Z0, Z1) \
	ROW((R8)(R9*1), Z2, Z3) \
	ROW((R8)(R9*2), Z4, Z5) \
	ROW((R10), Z6, Z7)

#define PAIRS4 \
	DOTS((R8), 0, 1) \
	DOTS((R8)(R9*1), 2, 3) \
	DOTS((R8)(R9*2), 4, 5) \
	DOTS((R10), 6, 7)

// TILE4 computes a tile of 4 rows.
#define TILE4(PRODUCTS) \
	START                    \
	MOVQ tile_runs(R15), DI  \
	LIKE0(Z2, Z3)            \
	LIKE0(Z4, Z5)            \
	LIKE0(Z6, Z7)            \
multiply: \
	COLUMNS                  \
	PRODUCTS                 \
	ADDQ R14, R8             \
	ADDQ R14, R10            \
	DECQ CX                  \
	JNZ  multiply            \
	MOVQ tile_k(R15), CX     \
	ADDQ tile_skip(R15), R8  \
	ADDQ tile_skip(R15), R10 \
	DECQ DI                  \
	JNZ  multiply            \
	TESTQ BX, BX             \
	JZ    store              \
	PLUS(Z0, Z1)             \
	PLUS(Z2, Z3)             \
	PLUS(Z4, Z5)             \
	PLUS(Z6, Z7)             \
store: \
	STORE(Z0, Z1)            \
	STORE(Z2, Z3)            \
	STORE(Z4, Z5)            \
	STORE(Z6, Z7)            \
	VZEROUPPER               \
	RET

// func tile4(t *tile)
TEXT ·tile4(SB), NOSPLIT, $0-8
	TILE4(ROWS4)

// func pairs4(t *tile)
TEXT ·pairs4(SB), NOSPLIT, $0-8
	TILE4(PAIRS4)

// func pause()
TEXT ·pause(SB), NOSPLIT, $0-0
	PAUSE
	PAUSE
	PAUSE
	PAUSE
	RET
