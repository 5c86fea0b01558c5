/** What the demo shop sells; the packages are those of the simulator's default scenario. */
export const demoCatalogue = [
  {
    productId: 'vps-103-181-91',
    name: '🌊 103.181.91',
    supplier: 'smartvps',
    packageName: '103.181.91',
    sizes: [
      { ramGb: 4, pricePaise: 49_900 },
      { ramGb: 8, pricePaise: 89_900 },
    ],
  },
  {
    productId: 'vps-103-182-44',
    name: '🌊 103.182.44',
    supplier: 'smartvps',
    packageName: '103.182.44',
    sizes: [
      { ramGb: 4, pricePaise: 44_900 },
      { ramGb: 8, pricePaise: 79_900 },
    ],
  },
] as const;
